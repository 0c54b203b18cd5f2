"""What a text says: statements about subjects, with their validity, and the requests and passages they stand in."""
