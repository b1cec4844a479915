"""What came of jobs: numbers, curves, pictures, tables, pages."""
