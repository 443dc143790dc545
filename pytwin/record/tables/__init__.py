"""Tables of many patients (OMOP, MEDS, Synthea, MIMIC, eICU), read by whole columns."""
