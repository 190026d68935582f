"""Images built from docker/Dockerfile and run, on a machine without a container engine: by buildah."""
