"""What the Info tab says, as values: facts in sections, about the model, its template and the last reply."""
