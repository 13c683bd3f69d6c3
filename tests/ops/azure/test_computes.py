from ops.azure import computes


def test_the_first_cluster_is_listed_with_its_nodes(connection, target):
    cluster = next(compute for compute in computes.list_computes(connection) if compute.name == "cpu-cluster")
    assert cluster.kind == "amlcompute"
    assert cluster.size.upper() == "STANDARD_DS3_V2"
    assert cluster.state == "Succeeded"
    assert (cluster.min_nodes, cluster.max_nodes) == (0, 4)
    assert cluster.arm_id.lower().startswith(target.arm_id.lower())
