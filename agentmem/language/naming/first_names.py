"""Common first names, to tell whom "he" or "she" can mean. A name that is absent may be either."""

from __future__ import annotations

from agentmem.language.words.wordlists import word_set

FEMALE_NAMES: frozenset[str] = word_set(
    """
    abena abigael abigail ada adaeze adriana adwoa agata agnes agnieszka aino aisha akosua aleksandra alexandra
    alice alicia alina amal amanda amara amelia amelie amina amy amélie ana ananya anastasia andrea angela anita
    anja anjali anke ann anna anne annie antonia aoife asha astrid audrey ayesha ayse ayşe barbara beata beatrice
    beatriz bella beth betty bianca birgit brenda bridget busisiwe caitlin camila candice carla carmen carol
    carolina caroline cassandra catarina catherine cecilia celine charlotte chiamaka chiara chidinma chloe chloé
    christina ciara claire clara claudia daisy dalia daniela danielle daria deborah deepa diana dina donna dora
    doris dorota dorothea dorothy edith eleanor elena elif elin elisa elise elizabeth ella ellen elodie elsa
    elsie emily emma erica erika erin esther eva evelyn ewa farah fatima fatma femke fiona florence folake
    frances francesca francine freya gabriela gabriele gaia gemma genevieve georgia gina giulia gloria grace
    greta guadalupe gwen hana hannah harriet haruka heather heidi heike helen helena helga hilda ifeoma ikram
    ilaria ines ingeborg ingrid inês irene iris isabel isabella isla itziar ivy jacqueline jagoda jana jane janet
    jasmine jenna jennifer jenny jessica jill joan joanna jolene josephine joyce judith julia juliana julie kaisa
    kamala karen karin katarzyna kate katerina katherine kathleen katie katja kavita keiko kelly khadija kim
    kirsten kristin krystyna laila lakshmi lara larissa laura layla leah leila lena leonie leyla lidia lily lina
    linda ling linh lisa liz lorena lorna lotte louise luana lucia lucy lucía luisa lydia madison maeve magda
    magdalena maggie mai maja malgorzata mandy mareike margaret margaux maria mariam mariana marie marina marta
    martha mary maryam matilda matilde maya meera megan mei meike melanie melissa mercedes mia michelle mila mina
    mireille mirela miriam molly mona monica monika muriel nadia nadine naledi nancy naomi natalia natalie
    natasha neha ngozi niamh nicole nina nkechi noor nora noura odile oksana olena olga olivia paige pamela paola
    patricia paula pauline penelope petra phoebe pilar polly pooja priya rachel rana rania raquel rebecca reem
    rekha renata rhiannon rita rocío rosa rose roxana ruta ruth saanvi sabrina sakura sally salma samantha samira
    sandra sanne saoirse sara sarah saskia selma shannon shanti sharon sheila shirin shreya sigrid silke silvia
    simone siobhan sofia sofía sonia sophia sophie soraya stella stephanie sue sunita susan susanna susanne
    svetlana swati sylvia tamar tamara tanya tara tatiana teodora teresa thandi theresa tina ulrike ursula ute
    valentina valeria valerie vanessa vera veronica veronika victoria viola violet wanjiru wendy wiebke xenia
    ximena yara yasmin yasmine yelena yetunde yuki yvonne zainab zanele zeynep zoe zofia zoé zsofia zuzana élodie
    """
)
MALE_NAMES: frozenset[str] = word_set(
    """
    aarav aaron abdul abraham adam adebayo adrian ahmed ahmet akira alan albert alberto alejandro alejo
    aleksander alessandro alexei alfred ali alistair allen alvaro amadou amir amit anders andre andreas andrew
    andy anil anselm antoine anton antonio antti arash arjun arnaud artem arthur ashok atif aurelien axel
    baptiste barry bartosz bastian ben benedikt benjamin benoit benoît bernard bilal bill bjorn björn blaise bob
    bogdan bohdan boris brad bram brandon brian bruce bruno callum carl carlos casper cedric charles charlie chen
    chidi chinedu chris christian christopher chukwuemeka ciaran claude clemens clement colin conor craig
    cristian dan dani daniel darius darren dave david dean deepak dennis derek diego dieter dimitri dirk dmitri
    dmytro dominic donald douglas duncan dylan ebenezer ed edgar eduard eduardo edward eero ekow elias emeka emil
    emilio emmanuel emre enrique enzo eoin eric erik erling ernest esteban ethan eugene evan ezekiel fabian fabio
    faisal farid federico felipe felix femi ferdinand fernando filip finn florian francisco franco frank franz
    fred frederick friedrich gabriel gareth gary gavin george gerald gerard gerardo gerd giorgio giovanni glen
    goncalo gonzalo gonçalo gordon graeme graham greg gregory guido gunther gustav guy günther hamid hamza hans
    harold harry haruto hassan hector henrik henry herbert hiroshi holger horst howard hugh hugo hussein ian
    ibrahim ibrahima ignacio igor ilya imran isaac ismail ivan iwan jack jacob jake jakob jakub jamal james jan
    jannik jarek jason javier jeff jeffrey jens jeremy jeroen jerome jim jiri joaquim joaquin joaquín jochen joe
    joel johan johannes john jon jonas jonathan joost jorge jose josef joseph joshua josé joão juan jukka julian
    julio jun jürgen kaito karim karl karthik kasper keith kemal ken kenji kenneth kevin khalid kiran klaus kofi
    krzysztof kurt kwame kwasi kyle lachlan lars laszlo laurence lawrence lech leif leo leon leonard leonardo
    lewis liam lorenzo louis luc luca lucas lucian luigi luis luiz lukas luke maarten magnus mahmoud malik
    mamadou manuel marc marcel marcin marco marcus marek mario mariusz mark markus martin massimo mateo mateusz
    mathieu matt matteo matteus matthew matthias matti maurice mauro max maxim mehmet mert michael michal miguel
    mihai mike mikhail milan milos mohamed mohammad mohammed muhammad murat musa mustafa nabil nathan naveen neil
    nelson nicholas nick nicolas niels nigel niklas niko nikolai nils nnamdi noah obinna olaf oleg oliver omar
    ondrej oscar oskar osman otto owen pablo padraig pascal patrick paul pavel pawel pedro pekka peter petr
    petros phil philip pierre pieter piotr prakash pranav pádraig quentin radek rafael rahul rainer raj rajesh
    ralph ramesh ramon rashid raul ravi ray raymond reinhard remi rené rhys ricardo richard rick rob robert
    roberto rodrigo roger rohan rohit roland roman ron ronald ross roy ruben rudolf rui ryan ryo samir samuel
    sander sanjay santiago satoshi scott sean sebastian sergei sergey sergio seth shaun simon sipho slawomir
    soren stanislav stefan stefano stephen steve steven stijn stuart suresh sven szymon søren tadeusz takeshi
    tariq ted terry thabo thanh theo theodore thiago thibault thierry thomas tiago tim timo timothy tobias toby
    todd tom tomas tomasz tomek tony torsten travis tristan tuan tunde tyler umar uwe vaclav valentin vasily
    victor vikram viktor vincent vinod vladimir vojtech walter wayne wei werner william wim wojciech wolfgang
    xavier yannick yaw youssef yuri yusuf zachary zbigniew zoltan álvaro émile
    """
)
