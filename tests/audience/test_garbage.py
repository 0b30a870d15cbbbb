import gc

from flodesk_mcp.audience.garbage import seldom_searched_for


def test_of_several_blocks_the_largest_number_counts_and_afterwards_the_usual_one() -> None:
    usual = gc.get_threshold()
    reading, planning = seldom_searched_for(usual[0] + 1), seldom_searched_for(usual[0] + 2)
    with planning:
        reading.__enter__()
        assert gc.get_threshold() == (usual[0] + 2, *usual[1:])
    assert gc.get_threshold() == (usual[0] + 1, *usual[1:])
    reading.__exit__(None, None, None)
    assert gc.get_threshold() == usual
