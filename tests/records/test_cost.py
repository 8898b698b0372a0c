from astro.records.cost import COSTS, Cost


def test_costs_add_up_field_by_field() -> None:
    """sum() starts with a Cost; the parts are as they were."""
    one, two = Cost(1, 10, 4, 20, 1.5), Cost(2, 100, 0, 200, 0.5)
    assert sum([one, two], Cost()) == Cost(3, 110, 4, 220, 2.0)
    assert (one.prefilled_tokens, one.hit_rate, Cost().hit_rate) == (6, 0.4, 0.0)


def test_every_field_of_a_cost_is_a_column() -> None:
    """What is added to the record must be added to the table."""
    assert {"problem_id", *Cost.__slots__} == set(COSTS.names)
