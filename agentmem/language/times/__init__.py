"""Times: dates as people write them, relative to when they were written, and the periods that they mean."""
