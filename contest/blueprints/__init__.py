"""Views: HTTP into arguments, results into pages."""
