"""Well-known names and the words that give a name's type away. Small on purpose: context rules do the rest."""

from __future__ import annotations

from agentmem.language.words.wordlists import word_set

_COUNTRIES = """
Afghanistan Albania Algeria Andorra Angola Argentina Armenia Australia Austria Azerbaijan Bahamas Bahrain Bangladesh
Barbados Belarus Belgium Belize Benin Bhutan Bolivia Bosnia Botswana Brazil Britain Brunei Bulgaria Burundi Cambodia
Cameroon Canada Chad Chile China Colombia Congo Croatia Cuba Cyprus Czechia Denmark Djibouti Dominica Ecuador Egypt
England Eritrea Estonia Ethiopia Fiji Finland France Gabon Gambia Germany Ghana Greece Greenland Guatemala Guinea
Guyana Haiti Honduras Hungary Iceland India Indonesia Iran Iraq Ireland Israel Italy Jamaica Japan Jordan Kazakhstan
Kenya Kosovo Kuwait Laos Latvia Lebanon Liberia Libya Lithuania Luxembourg Madagascar Malawi Malaysia Maldives Mali
Malta Mauritius Mexico Moldova Monaco Mongolia Montenegro Morocco Mozambique Myanmar Namibia Nepal Netherlands
Nicaragua Niger Nigeria Norway Oman Pakistan Palestine Panama Paraguay Peru Philippines Poland Portugal Qatar Romania
Russia Rwanda Scotland Senegal Serbia Singapore Slovakia Slovenia Somalia Spain Sudan Suriname Sweden Switzerland
Syria Taiwan Tajikistan Tanzania Thailand Togo Tunisia Turkey Uganda Ukraine Uruguay Uzbekistan Venezuela Vietnam
Wales Yemen Zambia Zimbabwe USA UK UAE U.S. U.K. US Europe Asia Africa America Antarctica Oceania Scandinavia
"""
_REGIONS = """
Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Hawaii Idaho Illinois Indiana Iowa
Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri Montana Nebraska Nevada
Ohio Oklahoma Oregon Pennsylvania Tennessee Texas Utah Vermont Wisconsin Wyoming Ontario Quebec Alberta Bavaria
Tuscany Andalusia Catalonia Normandy Provence Yorkshire Cornwall Kent Queensland Victoria Bali Java Crete Sicily
Amsterdam Athens Atlanta Auckland Austin Bangalore Bangkok Barcelona Beijing Beirut Belgrade Berlin Bogota Bogotá
Boston Brisbane Bristol Brussels Bucharest Budapest Cairo Calgary Cambridge Chicago Cologne Copenhagen Dallas Delhi
Denver Detroit Dubai Dublin Edinburgh Florence Frankfurt Geneva Glasgow Hamburg Hanoi Helsinki Houston Istanbul
Jakarta Jerusalem Johannesburg Karachi Kiev Kyiv Kyoto Lagos Leeds Lima Lisbon Liverpool London Lyon Madrid Manchester
Manila Marseille Melbourne Miami Milan Montreal Moscow Mumbai Munich Nairobi Naples Osaka Oslo Ottawa Oxford Paris
Philadelphia Phoenix Porto Prague Riga Rome Rotterdam Seattle Seoul Shanghai Sheffield Sofia Stockholm Stuttgart
Sydney Taipei Tehran Tokyo Toronto Turin Vancouver Venice Vienna Warsaw Zurich Zürich Brooklyn Manhattan Hollywood
"""
_SEVERAL_WORDS = (
    "New York",
    "New York City",
    "Los Angeles",
    "San Francisco",
    "San Diego",
    "San Jose",
    "Las Vegas",
    "New Orleans",
    "New Zealand",
    "New Delhi",
    "New Jersey",
    "New Mexico",
    "New Hampshire",
    "New England",
    "New South Wales",
    "Hong Kong",
    "Buenos Aires",
    "Rio de Janeiro",
    "Sao Paulo",
    "São Paulo",
    "Mexico City",
    "Cape Town",
    "Tel Aviv",
    "Saudi Arabia",
    "South Africa",
    "South Korea",
    "North Korea",
    "South America",
    "North America",
    "Sri Lanka",
    "Costa Rica",
    "Puerto Rico",
    "El Salvador",
    "Dominican Republic",
    "Czech Republic",
    "Northern Ireland",
    "United States",
    "United States of America",
    "United Kingdom",
    "United Arab Emirates",
    "Ivory Coast",
    "North Carolina",
    "South Carolina",
    "North Dakota",
    "South Dakota",
    "West Virginia",
    "Rhode Island",
    "British Columbia",
    "Nova Scotia",
    "Silicon Valley",
    "Ho Chi Minh City",
    "Kuala Lumpur",
    "Saint Petersburg",
    "St. Petersburg",
    "Washington, D.C.",
    "Addis Ababa",
    "The Hague",
    "Papua New Guinea",
    "Sierra Leone",
)

PLACES: frozenset[str] = frozenset((_COUNTRIES + _REGIONS).casefold().split()) | frozenset(
    name.casefold() for name in _SEVERAL_WORDS
)
"""Casefolded names of countries, regions and large cities."""

PLACE_ENDINGS: frozenset[str] = word_set(
    """
    street road avenue boulevard lane drive square park lake river mountain mountains mount beach island islands bay
    valley canyon forest city town village county province airport station bridge harbour harbor coast ocean sea
    peninsula desert falls heights hill hills district museum cathedral castle garden gardens zoo
    """
)
"""Last words of names of places."""

ORGANISATION_ENDINGS: frozenset[str] = word_set(
    """
    inc corp corporation ltd llc plc gmbh ag sa bv co company group holdings partners associates consulting labs
    laboratory laboratories technologies systems software solutions studio studios media bank hospital clinic
    university college school academy institute foundation association society council committee ministry department
    agency bureau union church orchestra club fc afc team party press publishing records airlines motors industries
    telecom telecoms instruments robotics energy foods networks analytics dynamics electronics works bakery brewery
    restaurant cafe café pharmacy supermarket airways railways supplies services enterprises international global
    biotech therapeutics textiles chemicals furniture trading nursery kindergarten hotel orchard winery
    ventures capital insurance logistics pharma pharmaceuticals
    """
)
"""Last words of names of organisations."""

THING_ENDINGS: frozenset[str] = word_set(
    """
    project prize award act treaty festival cup day week month war album book novel movie film game api sdk app
    protocol platform model edition version
    """
)
"""Last words of names that are neither people, places nor organisations."""

TITLES: frozenset[str] = word_set(
    """
    mr mrs ms miss dr prof professor sir dame lord lady president captain colonel general judge pastor father sister
    rabbi imam saint uncle aunt auntie grandma grandpa
    """
)
"""Words before the name of a person."""

KINSHIP: frozenset[str] = word_set(
    """
    mother mom mum dad father parent parents brother brothers sister sisters sibling siblings son sons daughter
    daughters child children kid kids wife husband spouse partner girlfriend boyfriend fiance fiancé fiancee fiancée
    uncle aunt cousin cousins nephew niece grandmother grandfather grandma grandpa granddaughter grandson friend
    friends colleague colleagues coworker co-worker boss manager neighbour neighbor neighbours neighbors roommate
    flatmate teacher mentor coach doctor dentist therapist lawyer ex ex-wife ex-husband mother-in-law father-in-law
    brother-in-law sister-in-law stepmother stepfather stepson stepdaughter twin godmother godfather babysitter
    nanny landlord assistant
    """
)
"""What a person is to another."""

MALE: frozenset[str] = word_set(
    """
    mr sir lord father dad brother son husband boyfriend uncle nephew grandfather grandpa grandson king boy man
    stepfather stepson godfather ex-husband father-in-law brother-in-law
    """
)
FEMALE: frozenset[str] = word_set(
    """
    mrs ms miss dame lady mother mom mum sister daughter wife girlfriend aunt auntie niece grandmother grandma
    granddaughter queen girl woman stepmother stepdaughter godmother ex-wife mother-in-law sister-in-law
    """
)
"""Words that tell whether "he" or "she" can mean somebody."""

CALENDAR: frozenset[str] = word_set(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul
    aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri
    sat sun spring summer autumn fall winter christmas easter halloween thanksgiving hanukkah ramadan diwali
    """
)
"""Names of times, which are no entities."""

LANGUAGES: frozenset[str] = word_set(
    """
    english spanish french german italian portuguese dutch swedish norwegian danish finnish icelandic polish czech
    slovak hungarian romanian bulgarian greek turkish russian ukrainian serbian croatian arabic hebrew persian farsi
    hindi urdu bengali punjabi tamil telugu thai vietnamese indonesian malay chinese mandarin cantonese japanese
    korean swahili latin american british european african asian mexican brazilian canadian australian irish
    scottish welsh indian christian muslim jewish buddhist catholic hindu
    """
)
"""Languages, nations' adjectives and religions: capitalised, yet no entities by themselves."""
