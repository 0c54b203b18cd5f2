"""The write path: evidence, what it says, what is known around it, what that means, and what is written."""
