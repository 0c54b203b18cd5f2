"""English by rules: terms, sentences, names, dates, statements and questions. Pure functions, no model."""

from agentmem.language.grammar.phrases import is_person
from agentmem.language.grammar.predicates import Predicate, predicate
from agentmem.language.naming.names import Name, name_type, names, normalise_name
from agentmem.language.questions.analysis import QuestionAnalysis, analyse_question
from agentmem.language.statements.keywords import keywords, tags
from agentmem.language.statements.passages import Passage, Reader, speaker_name
from agentmem.language.statements.reading import Statement
from agentmem.language.statements.roles import clearly_person
from agentmem.language.times.dates import Moment, dated, find_dates
from agentmem.language.times.periods import Period, day_label
from agentmem.language.words.sentences import Unit, sentences
from agentmem.language.words.terms import terms

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
