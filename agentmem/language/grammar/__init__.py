"""What a sentence is made of: clauses, phrases, predicates, and whether it is meant as a fact."""
