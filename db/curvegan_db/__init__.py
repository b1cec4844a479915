"""The results store: jobs and what came of them, in SQLite or PostgreSQL. Knows no queue, no engine and no picture."""
