"""Answers: what a question asks for, looked up or recalled, with the memories that support it."""
