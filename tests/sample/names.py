"""The invented names and texts that the sample account is made of."""

FIRST_NAMES = (
    "Amelia", "Aoife", "Beatriz", "Bram", "Camille", "Cecily", "Chloé", "Clara", "Daphne", "Dario",
    "Eleanor", "Elif", "Emeka", "Esme", "Fatima", "Fern", "Freya", "Gabriel", "Greta", "Hana",
    "Hazel", "Ines", "Iris", "Isla", "Jasper", "Jonas", "Juniper", "Kaia", "Keiko", "Lars",
    "Leila", "Linnea", "Lucía", "Mabel", "Magnus", "Maren", "Mei", "Mireille", "Naomi", "Nia",
    "Noor", "Odette", "Oscar", "Pilar", "Poppy", "Priya", "Quentin", "Renée", "Rosalind", "Saoirse",
    "Søren", "Sunita", "Tamsin", "Theo", "Thérèse", "Uma", "Violet", "Wren", "Yara", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abernathy", "Achterberg", "Bellamy", "Björnson", "Calloway", "Castellanos", "Chaudhry", "D'Angelo",
    "Delacroix", "Eastwood", "Ellery", "Fairbanks", "Fitzgerald", "García", "Greenfield", "Hawthorne",
    "Holloway", "Ibarra", "Jankowska", "Kowalski", "Langley", "Lindqvist", "MacLeod", "Marchetti",
    "Müller", "Nakamura", "Nwosu", "O'Brien", "O'Connor", "Okafor", "Pemberton", "Quill",
    "Ravensworth", "Rosenthal", "Sandoval", "Sørensen", "Takahashi", "Thackeray", "Underhill", "Vasquez",
    "Whitlock", "Winterbourne", "Yamamoto", "Zielińska",
)  # fmt: skip
MAIL_DOMAINS = ("example.com", "example.org", "example.net")
MAIL_TAGS = ("flowers", "newsletter", "wedding", "studio")

FLOWERS = (
    "Peony", "Ranunculus", "Garden rose", "Anemone", "Sweet pea",
    "Dahlia", "Hellebore", "Tulip", "Foxglove", "Cosmos",
)  # fmt: skip
VENUES = (
    "The Old Orangery", "Millbrook Barn", "Thornbury Hall",
    "Lakeside Pavilion", "St. Brigid's Chapel", "Harbour House",
)  # fmt: skip
HEARD_FROM = ("A friend", "Instagram", "A wedding", "The market stall", "Search")
DELIVERY_DAYS = ("Tuesday", "Thursday", "Saturday")
