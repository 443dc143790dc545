"""What others have called: tables of diplotypes, results of PharmCAT and PyPGx, outside calls."""
