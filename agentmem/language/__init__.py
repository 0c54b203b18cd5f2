"""English by rules: terms, sentences, names, dates, statements and questions. Pure functions, no model."""

from agentmem.language.dates import Moment, dated, find_dates
from agentmem.language.keywords import keywords, tags
from agentmem.language.names import Name, name_type, names, normalise_name
from agentmem.language.passages import Passage, Reader, speaker_name
from agentmem.language.periods import Period, day_label
from agentmem.language.phrases import is_person
from agentmem.language.predicates import Predicate, predicate
from agentmem.language.questions import QuestionAnalysis, analyse_question
from agentmem.language.roles import clearly_person
from agentmem.language.sentences import Unit, sentences
from agentmem.language.statements import Statement
from agentmem.language.terms import terms

__all__ = [
    "Moment",
    "Name",
    "Passage",
    "Period",
    "Predicate",
    "QuestionAnalysis",
    "Reader",
    "Statement",
    "Unit",
    "analyse_question",
    "clearly_person",
    "dated",
    "day_label",
    "find_dates",
    "is_person",
    "keywords",
    "name_type",
    "names",
    "normalise_name",
    "predicate",
    "sentences",
    "speaker_name",
    "tags",
    "terms",
]
