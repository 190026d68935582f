"""A real Kubernetes control plane on this machine, whose nodes are pretended: for tests of the Helm chart."""
