"""The images: built from docker/Dockerfile, started, looked into."""
