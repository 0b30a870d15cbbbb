"""Lists as services export them, and as people keep them: the headings are theirs, the people are nobody."""

MAILCHIMP = '''\
"Email Address","First Name","Last Name",Address,"Phone Number","Wedding date",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,\
CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS
Anna@Example.COM,Anna,Weber,,,2027-05-01,2,"2024-03-16 14:40:47",192.0.2.7,"2024-03-16 14:42:00",192.0.2.8,\
53.07,8.80,1,2,Europe/Berlin,DE,HB,"2024-03-16 14:42:00",44877845,c2cb0681af,,"""VIP"",""Fair, spring"""
ben@example.com,Ben,,,,,2,,,"2024-04-01 09:00:00",192.0.2.9,,,,,,,,"2024-04-01 09:00:00",44877846,c2cb0681b0,,
'''

MAILCHIMP_UNSUBSCRIBED = """\
"Email Address","First Name",UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON
gone@example.com,Gil,"2025-01-02 10:00:00",News,NORMAL
"""

KIT = """\
id,first_name,email,status,created_at,Tags
2400000001,Anna,anna@example.com,active,2024-03-16T14:40:47Z,"Workshop, Newsletter"
2400000002,Ben,ben@example.com,cancelled,2024-03-17T14:40:47Z,
"""

MAILERLITE = """\
Subscriber,Name,Last name,Sent,Opens,Clicks,Subscribed,Location,Signup IP,Confirmation date,Groups
anna@example.com,Anna,Weber,10,5,1,2024-03-16 14:40:47,Germany,192.0.2.7,2024-03-16 14:50:00,"Couples;Workshops"
ben@example.com,Ben,,4,0,0,2024-03-17 10:00:00,,,,
"""

SQUARESPACE = """\
Email,First Name,Last Name,Shipping Name,Shipping City,Billing Name,Accepts Marketing,Subscriber Source,Mailing Lists,\
Subscriber Since,Customer Since,Order Count,Total Spent,Tags
anna@example.com,Anna,Weber,,,,true,Footer block,"Prints, Journal",2024-03-16T14:40:47Z,,0,0,
ben@example.com,Ben,Koch,,,,false,,,,2024-03-17,1,40,
"""

SHOPIFY = """\
Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,\
Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,\
Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags
'7001,Anna,Weber,anna@example.com,yes,,"12 Hill St, Apt 4",Bremen,,DE,'28195,,,no,40.00,1,,no,"print, album"
'7002,Ben,Koch,ben@example.com,no,,,,,,,,,no,0.00,0,,no,
"""

HONEYBOOK = """\
Full Name,Email,Phone Number,Company Name,Address,Contact Type,Tags,Date Added
Anna & Ben Weber,anna@example.com,+1 555 0100,,,Client,wedding,03/16/2024
Carla de la Cruz,carla@example.com,,Studio C,,Lead,,03/17/2024
"""

DUBSADO = """\
First Name,Last Name,Email,Phone,Company,Address,Alternate Contact Name,Alternate Contact Email,Tags
Anna,Weber,anna@example.com,555 0100,,,Ben Koch,ben@example.com,"wedding, 2027"
"""

SHOOTPROOF = """\
Name,First Name,Last Name,Email,Phone,Business Name,Tags,Notes
Anna Weber,Anna,Weber,anna@example.com,555 0100,,Families,"called
twice"
"""

GERMAN = """\
E-Mail-Adresse;Vorname;Nachname;Gruppen;Anmeldedatum;IP-Adresse;Hochzeitsdatum
jürgen@example.com;Jürgen;Müller;"Brautpaare, Messe";16.03.2024;192.0.2.7;1. Mai 2027
"""

FRENCH = """\
Prénom;Nom;Adresse électronique;Étiquettes;Date d'inscription
Hélène;Lefèvre;helene@example.com;Mariages;2024-03-16
"""

SPANISH = """\
Nombre completo,Correo electrónico,Etiquetas,Fecha de alta
María José García López,maria@example.com,Bodas,2024-03-16
Íñigo Núñez,inigo@example.com,,2024-03-17
"""
