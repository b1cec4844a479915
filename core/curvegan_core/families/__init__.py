"""Families of curves: what each is called and takes (`parameters`), and what it draws and accepts (the others)."""
