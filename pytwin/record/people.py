"""Categories of persons as records code them."""

from __future__ import annotations

# CDC Race and Ethnicity code set, the five categories of the U.S. Office of Management and Budget
RACES = {
    "1002-5": "American Indian or Alaska Native",
    "2028-9": "Asian",
    "2054-5": "Black or African American",
    "2076-8": "Native Hawaiian or Other Pacific Islander",
    "2106-3": "White",
}
# by what is written, in lower case
SEXES = {"m": "male", "f": "female", "male": "male", "female": "female"}
