"""The database beneath the tables: how it is opened, brought to the schema, and what can be wrong with it."""
