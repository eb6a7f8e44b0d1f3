"""The API's paths, one file for each noun."""
