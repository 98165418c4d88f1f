"""The record of every disclosure. Append, read; SQL by hand; nothing above can change history."""
