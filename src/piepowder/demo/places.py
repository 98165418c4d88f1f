"""Forms of addresses and telephone numbers, by country: what `buyers.py` fills in. Cities are real, streets never are.

In patterns `#` is a digit and `%` a letter. Telephone numbers come from ranges that the country keeps free for fiction
(US and Canada 555-01xx, United Kingdom Ofcom's drama numbers, Ireland, France, Germany, Sweden, Australia likewise); other
countries have none, so theirs begin with +999, a code that no country has.
"""

from msgspec import Struct

NOWHERE = ("+999 555 01##",)


class City(Struct, frozen=True):
    name: str
    region: str
    postcode: str


class Country(Struct, frozen=True):
    cities: tuple[City, ...]
    streets: tuple[str, ...]  # `{}` is the made-up name of the street
    line: str = "{street} {number}"
    phones: tuple[str, ...] = NOWHERE
    flat: str = ""  # second line of some addresses
    companies: tuple[str, ...] = ("Ltd",)
    tax: str = "VAT"


def _cities(text: str) -> tuple[City, ...]:
    """`Name|region|postcode` rows, separated by semicolons."""
    parts = (entry.split("|") for entry in text.split(";"))
    return tuple(City(name.strip(), region, postcode) for name, region, postcode in parts)


_EUROPE_STREETS = ("{} Street", "{} Square", "{} Lane")

COUNTRIES: dict[str, Country] = {
    "US": Country(
        _cities(
            "Columbus|OH|432##;Cincinnati|OH|452##;Dayton|OH|454##;Toledo|OH|436##;Indianapolis|IN|462##;Fort Wayne|IN|468##;"
            "Louisville|KY|402##;Lexington|KY|405##;Nashville|TN|372##;Memphis|TN|381##;Atlanta|GA|303##;Detroit|MI|482##;"
            "Grand Rapids|MI|495##;Houston|TX|770##;Dallas|TX|752##;Denver|CO|802##;Phoenix|AZ|850##;Portland|OR|972##;"
            "Seattle|WA|981##;Richmond|VA|232##"
        ),
        ("{} St", "{} Ave", "{} Rd", "{} Dr", "{} Ln", "{} Ct", "{} Blvd"),
        "{number} {street}",
        (
            "+1 614-555-01##",
            "+1 513-555-01##",
            "+1 317-555-01##",
            "+1 502-555-01##",
            "+1 615-555-01##",
            "+1 303-555-01##",
        ),
        "Apt {}",
        ("LLC", "Inc.", "Supply Co."),
        "EIN",
    ),
    "GB": Country(
        _cities(
            "London|Greater London|SE## #%%;Leeds|West Yorkshire|LS## #%%;Sheffield|South Yorkshire|S1# #%%;"
            "Manchester|Greater Manchester|M2# #%%;Birmingham|West Midlands|B3# #%%;Bristol|Bristol|BS# #%%;Cardiff|Cardiff|CF## #%%;"
            "Edinburgh|Midlothian|EH# #%%;Glasgow|Lanarkshire|G4# #%%;Liverpool|Merseyside|L1# #%%;Nottingham|Nottinghamshire|NG# #%%;"
            "Leicester|Leicestershire|LE# #%%;Belfast|Antrim|BT# #%%;Norwich|Norfolk|NR# #%%;Exeter|Devon|EX# #%%"
        ),
        ("{} Road", "{} Street", "{} Lane", "{} Close", "{} Avenue", "{} Terrace"),
        "{number} {street}",
        (
            "+44 20 7946 0###",
            "+44 113 496 0###",
            "+44 161 496 0###",
            "+44 121 496 0###",
            "+44 7700 900###",
            "+44 1632 960###",
        ),
        "Flat {}",
        ("Ltd", "LLP", "& Co"),
    ),
    "DE": Country(
        _cities(
            "Berlin|Berlin|101##;Hamburg|Hamburg|202##;München|Bayern|803##;Köln|Nordrhein-Westfalen|506##;Leipzig|Sachsen|041##"
        ),
        ("{}straße", "{}weg", "{}allee", "Am {}"),
        phones=("+49 30 23125 ###", "+49 171 39200##"),
        companies=("GmbH", "KG"),
        tax="USt-IdNr.",
    ),
    "FR": Country(
        _cities(
            "Paris|Île-de-France|750##;Lyon|Auvergne-Rhône-Alpes|690##;Lille|Hauts-de-France|590##;Nantes|Pays de la Loire|440##"
        ),
        ("rue {}", "avenue {}", "place {}"),
        "{number} {street}",
        ("+33 1 99 00 ## ##", "+33 2 61 91 ## ##", "+33 6 39 98 ## ##"),
        "Appartement {}",
        ("SARL", "SAS"),
        "TVA",
    ),
    "IE": Country(
        _cities("Dublin|Dublin|D## %#%#;Cork|Cork|T12 %#%#;Galway|Galway|H91 %#%#;Limerick|Limerick|V94 %#%#"),
        ("{} Road", "{} Street", "{} Park"),
        "{number} {street}",
        ("+353 20 91# ####",),
    ),
    "ES": Country(
        _cities("Madrid|Madrid|280##;Barcelona|Barcelona|080##;Valencia|Valencia|460##;Sevilla|Sevilla|410##"),
        ("Calle {}", "Avenida {}", "Plaza {}"),
        "{street}, {number}",
        companies=("S.L.", "S.A."),
        tax="NIF",
    ),
    "NL": Country(
        _cities("Amsterdam|Noord-Holland|10## %%;Rotterdam|Zuid-Holland|30## %%;Utrecht|Utrecht|35## %%"),
        ("{}straat", "{}weg", "{}laan"),
        companies=("B.V.",),
        tax="BTW",
    ),
    "BE": Country(
        _cities("Bruxelles|Bruxelles-Capitale|10##;Antwerpen|Antwerpen|20##;Gent|Oost-Vlaanderen|90##"),
        ("{}straat", "{}laan", "{}plein"),
        companies=("NV", "BV"),
        tax="BTW",
    ),
    "CH": Country(
        _cities("Zürich|ZH|80##;Genève|GE|12##;Basel|BS|40##;Bern|BE|30##"),
        ("{}strasse", "{}weg", "{}gasse"),
        companies=("AG",),
        tax="UID",
    ),
    "AT": Country(
        _cities("Wien|Wien|1##0;Graz|Steiermark|80##;Linz|Oberösterreich|40##;Salzburg|Salzburg|50##"),
        ("{}gasse", "{}straße", "{}weg"),
        companies=("GmbH",),
        tax="UID",
    ),
    "PT": Country(
        _cities("Lisboa|Lisboa|1###-###;Porto|Porto|4###-###;Coimbra|Coimbra|30##-###"),
        ("Rua {}", "Avenida {}", "Travessa {}"),
        "{street}, {number}",
        companies=("Lda",),
        tax="NIF",
    ),
    "AU": Country(
        _cities("Sydney|NSW|20##;Melbourne|VIC|30##;Brisbane|QLD|40##;Perth|WA|60##"),
        ("{} Street", "{} Road", "{} Parade"),
        "{number} {street}",
        ("+61 2 5550 ####", "+61 3 5550 ####", "+61 7 5550 ####", "+61 491 570 15#"),
        "Unit {}",
        ("Pty Ltd",),
        "ABN",
    ),
    "NO": Country(
        _cities("Oslo|Oslo|0###;Bergen|Vestland|50##;Trondheim|Trøndelag|70##"),
        ("{}gata", "{}veien"),
        companies=("AS",),
        tax="MVA",
    ),
    "IT": Country(
        _cities("Roma|RM|001##;Milano|MI|201##;Torino|TO|101##;Bologna|BO|401##"),
        ("Via {}", "Piazza {}", "Corso {}"),
        companies=("S.r.l.",),
        tax="P.IVA",
    ),
    "JE": Country(
        _cities("St Helier|Jersey|JE2 #%%;St Brelade|Jersey|JE3 #%%"), ("La Rue {}", "{} Road"), "{number} {street}"
    ),
    "FI": Country(
        _cities("Helsinki|Uusimaa|001##;Tampere|Pirkanmaa|331##;Turku|Varsinais-Suomi|201##"),
        ("{}katu", "{}tie"),
        companies=("Oy",),
        tax="ALV",
    ),
    "CY": Country(_cities("Nicosia|Nicosia|10##;Limassol|Limassol|30##;Larnaca|Larnaca|60##"), _EUROPE_STREETS),
    "SE": Country(
        _cities("Stockholm|Stockholm|11# ##;Göteborg|Västra Götaland|41# ##;Malmö|Skåne|21# ##"),
        ("{}gatan", "{}vägen"),
        phones=("+46 31 390 06 ##", "+46 8 465 004 ##", "+46 70 174 06 ##"),
        companies=("AB",),
        tax="Moms",
    ),
    "DK": Country(
        _cities("København|Hovedstaden|21##;Aarhus|Midtjylland|80##;Odense|Syddanmark|50##"),
        ("{}gade", "{}vej"),
        companies=("ApS",),
        tax="CVR",
    ),
    "JP": Country(
        _cities("Chiyoda-ku|Tokyo|100-00##;Kita-ku|Osaka|530-00##;Naka-ku|Yokohama|231-00##"),
        ("{}-cho",),
        "{number}-3 {street}",
        companies=("K.K.",),
        tax="JCT",
    ),
    "PL": Country(
        _cities("Warszawa|Mazowieckie|00-###;Kraków|Małopolskie|30-###;Gdańsk|Pomorskie|80-###"),
        ("ul. {}", "al. {}"),
        companies=("Sp. z o.o.",),
        tax="NIP",
    ),
    "IL": Country(_cities("Tel Aviv|Tel Aviv|61#####;Haifa|Haifa|31#####"), ("{} Street",), "{number} {street}"),
    "HK": Country(
        _cities("Kowloon|Hong Kong|;Central|Hong Kong|"),
        ("{} Road", "{} Street"),
        "{number} {street}",
        flat="Flat {}, 7/F",
    ),
    "SG": Country(
        _cities("Singapore|Singapore|0#####;Singapore|Singapore|3#####"),
        ("{} Road", "{} Avenue"),
        "{number} {street}",
        flat="#0{}-12",
    ),
    "IS": Country(
        _cities("Reykjavík|Höfuðborgarsvæðið|10#;Akureyri|Norðurland eystra|60#"),
        ("{}gata", "{}vegur"),
        companies=("ehf.",),
    ),
    "CA": Country(
        _cities("Toronto|ON|M5% #%#;Montréal|QC|H2% #%#;Vancouver|BC|V6% #%#;Calgary|AB|T2% #%#"),
        ("{} Street", "{} Avenue", "{} Road"),
        "{number} {street}",
        ("+1 416-555-01##", "+1 514-555-01##", "+1 604-555-01##"),
        "Unit {}",
        ("Inc.",),
        "GST",
    ),
    "GR": Country(
        _cities("Athina|Attiki|10# ##;Thessaloniki|Kentriki Makedonia|54# ##"),
        ("Odos {}", "Leoforos {}"),
        companies=("A.E.",),
    ),
    "MT": Country(_cities("Valletta|Valletta|VLT 1###;Sliema|Sliema|SLM 1###"), ("Triq {}",), "{number}, {street}"),
    "AE": Country(
        _cities("Dubai|Dubai|;Abu Dhabi|Abu Dhabi|"),
        ("{} Street", "{} Road"),
        "Villa {number}, {street}",
        companies=("LLC",),
    ),
    "LU": Country(
        _cities("Luxembourg|Luxembourg|L-1###;Esch-sur-Alzette|Luxembourg|L-40##"),
        ("rue {}", "avenue {}"),
        "{number}, {street}",
    ),
    "ZA": Country(
        _cities("Cape Town|Western Cape|80##;Johannesburg|Gauteng|20##"), ("{} Street", "{} Road"), "{number} {street}"
    ),
    "LB": Country(_cities("Beirut|Beirut|1107 ####;Tripoli|North|1300 ####"), ("{} Street",), "{number} {street}"),
    "LT": Country(_cities("Vilnius|Vilnius|LT-01###;Kaunas|Kaunas|LT-44###"), ("{} g.", "{} pr."), companies=("UAB",)),
    "BR": Country(
        _cities("São Paulo|SP|01###-###;Rio de Janeiro|RJ|20###-###"),
        ("Rua {}", "Avenida {}"),
        "{street}, {number}",
        companies=("Ltda.",),
        tax="CNPJ",
    ),
    "CZ": Country(
        _cities("Praha|Praha|11# 00;Brno|Jihomoravský|60# 00;Ostrava|Moravskoslezský|70# 00"),
        ("{} ulice", "{} náměstí"),
        companies=("s.r.o.",),
    ),
    "BH": Country(_cities("Manama|Capital|3##;Muharraq|Muharraq|2##"), ("Road {}",), "Building {number}, {street}"),
    "SA": Country(_cities("Riyadh|Riyadh|11###;Jeddah|Makkah|21###"), ("{} Street", "{} Road"), "{number} {street}"),
}
