"""English by rules: terms, sentences, names, dates, statements and questions. Pure functions, no model."""

from agentmem.language.names import Name, name_type, names, normalise_name
from agentmem.language.questions import QuestionAnalysis, analyse_question
from agentmem.language.sentences import Unit, sentences
from agentmem.language.terms import terms

__all__ = [
    "Name", "QuestionAnalysis", "Unit",
    "analyse_question", "name_type", "names", "normalise_name", "sentences", "terms",
]  # fmt: skip
