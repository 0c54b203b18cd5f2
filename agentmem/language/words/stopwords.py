"""English words that carry no content of their own."""

from __future__ import annotations

from agentmem.language.words.wordlists import word_set

_GRAMMAR = """
a about above after again against all also am an and any anybody anyone anything are as at be because been before
being below between both but by can cannot could did do does doing done down during each either else ever every
everybody everyone everything few for from further get gets getting got had has have having he her here hers herself
him himself his how however i if in into is it its itself just let lot lots may maybe me might mine more most much
must my myself neither never no nobody none nor not nothing now of off often oh ok okay on once one only onto or other
others our ours ourselves out over own perhaps per please quite rather really same shall she should since so some
somebody someone something still such than that the their theirs them themselves then there these they thing things
this those though through thus to too toward towards under until unto up upon us very via was we well were what
whatever when whenever where wherever whether which while who whoever whom whose why will with within without would
yeah yes yet you your yours yourself yourselves
"""
_CONTRACTIONS = """
ain aren couldn didn doesn don hadn hasn haven isn mightn mustn needn shan shouldn wasn weren won wouldn ll re ve
arent cant couldnt didnt doesnt dont hadnt hasnt havent id ill im isnt ive lets shouldnt thats theres theyll theyre
theyve wasnt werent weve whats whos wont wouldnt youd youll youre youve
"""

STOP_WORDS: frozenset[str] = frozenset((_GRAMMAR + _CONTRACTIONS).split())
"""Left out of search terms. Negations are in: keyword search cannot tell what they apply to."""

FILLERS: frozenset[str] = word_set(
    """
    absolutely actually ah aha aw awesome aww awww amazing anyway anyways basically bye cheers congrats
    congratulations cool exactly fantastic glad good goodbye gosh gotcha great haha hahaha hello hey hi hmm hooray
    incredible indeed lol lovely nice nope oh ok okay omg ooh oops phew please right sorry super sure sweet thank
    thanks totally true ugh uh uhh um wonderful wow wowza ya yay yeah yep yes yo yup
    """
)
"""Words of greeting, thanks and reaction: a sentence of nothing else says nothing to remember."""

COMMON_OPENERS: frozenset[str] = (
    STOP_WORDS
    | FILLERS
    | word_set(
        """
    according add after ago all almost alone along already although always another answer anyone ask back bad based
    because best better big both bring bring busy buy call care change check choose close come consider cool correct
    correction create crazy currently day days dear decided definitely delete different easy either email enjoy
    enough especially eventually excited fact family finally find first five following food forget four friends fun
    funny give giving going gonna good got great guess guys half happy hard having health hearing help here home
    honestly hope hopefully hopes hoping house hours imagine important in instead interesting job join keep kids
    know last lately later learning leave life like listen little live lol long look looking looks love loved
    luckily main make making maybe mean meanwhile meet meeting mine moments money most music my nature need new next
    nobody none note nothing obviously office old one open part people perhaps person personally photo photos plan
    play plus possibly previously probably project put question read reading really recently reminder remember reply
    right running saturday say see seeing seems send set several share show simple since six small soon speaking
    spending start starting stay still stop summary support ta take taking talk talking team tell ten thinking
    though thought thoughts three time times tip today together tomorrow tonight true try trying turns two under
    unfortunately update use used using usually wait walking want watch watching way week welcome whenever wish
    wonder work working works worry writing wrong year years yesterday yet
    """
    )
)
"""Words whose capital at the head of a sentence does not make them a name."""
