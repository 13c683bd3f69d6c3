"""What Azure Resource Manager itself has: groups, workspaces, computes, template deployments, operations."""
