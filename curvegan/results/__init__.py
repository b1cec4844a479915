"""What comes out of jobs, as Python values: tables, pictures, snapshots, networks. Knows no store."""
