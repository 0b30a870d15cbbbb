"""How services and people call the fields of a person, in English, German, French and Spanish.

Names as they stand in what Mailchimp, Kit, MailerLite, Squarespace, Shopify, HoneyBook, Dubsado and ShootProof export,
and as people name the columns of their own lists. Compared without case, accents, spaces and signs.
"""

import re
import unicodedata
from enum import StrEnum

__all__ = ["ADDED", "FIRST_OF_TWO", "HEADINGS", "LAST_OF_TWO", "REMOVED", "REPORT", "Field", "folded"]

ADDED, REMOVED = "added to the segment", "removed from the segment"
"""What the report of a segment's sync says of those who were."""


class Field(StrEnum):
    """What a column can hold."""

    EMAIL = "email"
    ID = "id"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    SEGMENTS = "segments"
    OPTIN_TIMESTAMP = "optin_timestamp"
    OPTIN_IP = "optin_ip"
    CONSENT = "consent"
    """Whether the person wants mail: who does not is left alone."""
    OPTED_OUT = "opted_out"
    """When the person left, or that it did: any value counts."""
    CREATE = "create"
    """Whether somebody who is not on the list shall be, where that is not what a plan is for."""
    REPORTED = "reported"
    """What a job did with the person, in its report."""
    CUSTOM = "custom field"
    IGNORE = "ignore"


_NAMES: dict[Field, str] = {
    Field.EMAIL: """
        email | email address | e-mail | mail | subscriber | subscriber email | primary email | email primary
        customer email | client email | contact email | email 1 | e-mail 1 - value | email (1) | mail address
        e-mail-adresse | emailadresse | mailadresse | e-mail adresse kunde
        adresse e-mail | adresse mail | adresse email | courriel | adresse courriel | adresse électronique
        adresse de messagerie | e-mail du client
        correo electrónico | correo | dirección de correo electrónico | dirección de correo | dirección de email
        correo electrónico del cliente
    """,
    Field.FIRST_NAME: """
        first name | fname | given name | forename | first | client first name | contact first name
        customer first name | billing first name | subscriber first name
        vorname | rufname
        prénom | prénom du client
        nombre de pila | primer nombre | nombres
    """,
    Field.LAST_NAME: """
        last name | lname | surname | family name | last | client last name | contact last name
        customer last name | billing last name | subscriber last name
        nachname | familienname | zuname
        nom de famille
        apellido | apellidos | primer apellido
    """,
    Field.FULL_NAME: """
        name | full name | client name | contact name | customer name | subscriber name | display name | client
        contact | first and last name | names | client info
        vollständiger name | vor- und nachname | kundenname | kunde | ansprechpartner | name des kunden
        nom | nom complet | nom et prénom | prénom et nom | nom du client | nom du contact
        nombre | nombre completo | nombre y apellidos | nombre y apellido | nombre del cliente
    """,
    Field.SEGMENTS: """
        tags | tag | groups | group | segments | segment | segment ids | lists | list | mailing lists | mailing list
        labels | subscriber tags | client tags | customer tags | group name | group names
        gruppen | gruppe | schlagwörter | schlagworte | listen | liste | segmente | etiketten | verteiler
        étiquettes | étiquette | groupes | groupe | listes | mots-clés | balises
        etiquetas | etiqueta | grupos | grupo | listas | lista | segmentos | segmento
    """,
    Field.OPTIN_TIMESTAMP: """
        optin time | confirm time | opt-in timestamp | opt-in date | opt-in time | opted in at | confirmed at
        confirmation date | confirmation time | subscribed | subscribed on | subscribed at | subscriber since
        subscription date | date subscribed | signup date | signup time | sign-up date | sign up date | date signed up
        anmeldedatum | angemeldet am | anmeldung am | opt-in-datum | opt-in-zeit | einwilligung am | abonniert am
        bestätigt am
        date d'inscription | inscrit le | date d'abonnement | abonné le | date de confirmation | date d'opt-in
        fecha de suscripción | fecha de alta | suscrito el | fecha de inscripción | fecha de confirmación
    """,
    Field.OPTIN_IP: """
        optin ip | confirm ip | opt-in ip | opt-in ip address | signup ip | sign-up ip | ip address | ip
        subscribe ip | confirmation ip
        opt-in-ip-adresse | ip-adresse | anmelde-ip
        adresse ip | ip d'inscription
        dirección ip | ip de suscripción | ip de alta
    """,
    Field.CONSENT: """
        accepts email marketing | accepts marketing | email marketing consent | marketing consent
        email marketing status | email marketing | status | subscriber status | subscription status | email status
        email permission status | newsletter
        akzeptiert e-mail-marketing | akzeptiert marketing | e-mail-marketing | abonnement-status
        accepte le marketing par e-mail | accepte le marketing | accepte les e-mails marketing | statut
        statut de l'abonnement
        acepta marketing por correo electrónico | acepta el marketing por correo electrónico | acepta marketing
        estado | estado de la suscripción
    """,
    Field.OPTED_OUT: """
        unsub time | unsub date | unsubscribed | unsubscribed at | unsubscribed on | unsubscribe date | opted out
        opt-out | email opt out | clean time | cleaned | bounced | unsub
        abgemeldet | abgemeldet am | abmeldedatum
        désabonné | désabonné le | désinscrit | désinscrit le | date de désinscription
        dado de baja | fecha de baja | cancelado el | baja
    """,
    Field.CREATE: "create | anlegen | créer | crear",
}

FIRST_OF_TWO = frozenset({"name", "nombre"})
"""Who has a column for the family name as well, means the given name with these (MailerLite, and Spanish lists)."""

LAST_OF_TWO = frozenset({"nom", "name"})
"""Who has a column for the given name as well, means the family name with these (French and German lists)."""

REPORT = frozenset({"row", "email", "outcome", "reason"})
"""The headings of the report of a job."""

_SIGNS = re.compile(r"[\W_]+")


def folded(heading: str) -> str:
    """Return a heading as it is compared."""
    plain = unicodedata.normalize("NFKD", heading.casefold())
    return _SIGNS.sub("", "".join(sign for sign in plain if not unicodedata.combining(sign)))


HEADINGS: dict[str, tuple[Field, int]] = {
    folded(name): (field, place)
    for field, names in _NAMES.items()
    for place, name in reversed([*enumerate(re.split(r"\s*[|\n]\s*", names.strip()))])
}
"""The field of a heading, and how early it stands in its list: the earliest counts where several have values."""
