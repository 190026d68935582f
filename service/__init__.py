"""What makes a Django project one of ours: health, errors, request identity, metrics, registration."""
