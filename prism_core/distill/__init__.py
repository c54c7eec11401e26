"""From a data set to a student: trained, merged, exported, quantised."""
