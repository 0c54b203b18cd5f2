"""Common first names, to tell whom "he" or "she" can mean. A name that is absent may be either."""

from __future__ import annotations

from agentmem.language.wordlists import word_set

FEMALE_NAMES: frozenset[str] = word_set(
    """
    abigail ada adriana agnes aisha alexandra alice alicia alina amanda amelia amina amy ana andrea angela anita
    anja ann anna anne annie antonia astrid audrey barbara beatrice bella beth betty bianca brenda bridget camila
    carla carmen carol caroline cassandra catherine cecilia charlotte chiara chloe christina claire clara claudia
    daisy daniela daria deborah diana dina donna dora doris dorothy edith elena eleanor elisa elizabeth ella ellen
    elsa emily emma erica erika esther eva evelyn fatima fiona florence frances francesca freya gabriela georgia
    gina giulia gloria grace greta hana hannah harriet heather heidi helen helena hilda ines ingrid irene iris
    isabel isabella ivy jacqueline jane janet jasmine jenna jennifer jenny jessica joan joanna jolene josephine
    joyce judith julia juliana julie karen karin kate katherine kathleen katie kelly kim kristin laila lara laura
    layla leah leila lena leila lily linda lisa liz lorena louise lucia lucy luisa lydia madison maggie mai mandy
    margaret maria mariam marie marina marta martha mary matilda maya mei melanie melissa mia michelle mila mina
    miriam molly monica monika nadia nancy naomi natalia natalie natasha nicole nina nora olga olivia paige pamela
    patricia paula pauline penelope petra phoebe polly priya rachel rebecca rita rosa rose ruth sabrina sally
    samantha sandra sara sarah selma shannon sharon sheila silvia simone sofia sonia sophia sophie stella stephanie
    sue susan svetlana sylvia tamara tanya tara teresa theresa tina valentina valerie vanessa vera veronica victoria
    viola violet wendy yasmin yuki yvonne zoe
    """
)
MALE_NAMES: frozenset[str] = word_set(
    """
    aaron abdul abraham adam adrian ahmed alan albert alberto alejandro alfred ali allen amir anders andre andreas
    andrew andy antoine anton antonio arjun arthur axel barry ben benjamin bernard bill bob boris brad brandon brian
    bruce bruno carl carlos charles charlie chen chris christian christopher claude colin craig dan daniel darren
    dave david dean dennis derek diego dimitri dominic donald douglas duncan dylan ed edgar eduardo edward emil
    emmanuel enrique eric erik ernest ethan eugene evan fabian felipe felix fernando finn florian francisco frank
    franz fred frederick gabriel gary gavin george gerald gerard giovanni glen gordon graham greg gregory guido
    gustav guy hamid hans harold harry hassan hector henrik henry herbert howard hugh hugo ian ibrahim igor isaac
    ivan jack jacob jake jakob james jan jason javier jeff jeffrey jeremy jerome jim joe joel johan johannes john
    jon jonas jonathan jorge jose josef joseph joshua juan julian julio jun karl keith ken kenji kenneth kevin kurt
    kyle lars laurence lawrence leo leon leonard leonardo lewis liam louis luca lucas luigi luis lukas luke magnus
    manuel marc marcel marco marcus mario mark markus martin mateo matt matteo matthew matthias maurice max maxim
    michael miguel mike mikhail milan mohamed mohammed muhammad nathan neil nicholas nick nicolas nigel nikolai noah
    oleg oliver omar oscar oskar otto owen pablo patrick paul pavel pedro peter phil philip pierre quentin rafael
    raj ralph ramon raul ravi ray raymond ricardo richard rick rob robert roberto rodrigo roger roland roman ron
    ronald ross roy ruben rudolf ryan samir samuel santiago scott sean sebastian sergei sergio seth simon stefan
    stephen steve steven stuart sven takeshi ted terry theo theodore thomas tim timothy toby todd tom tomas tony
    travis tristan tyler umar victor viktor vincent vladimir walter wayne wei werner william wolfgang xavier yusuf
    zachary
    """
)
