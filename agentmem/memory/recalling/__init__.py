"""The read path: a query, the searches it makes, and the memories ranked by evidence."""
