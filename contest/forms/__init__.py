"""WTForms by noun: shape and messages only, no queries. Fields render through templates/kit.html."""
