"""Questions: what is asked about whom, for which time, and what kind of answer fits."""
