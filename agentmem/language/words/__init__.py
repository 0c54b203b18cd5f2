"""Words: sentences, terms, verb forms, chat spelling."""
