from aeslib.published.released import class_counts


def test_every_attribute_of_para_counts_the_same_training_images():
    assert set(class_counts().loc["para"].sum(axis=1)) == {28220}


def test_a_data_set_has_as_many_classes_as_its_rule_makes():
    classes = class_counts().notna().sum(axis=1).groupby("data").first()
    assert classes.to_dict() == {"aadb": 5, "ava": 8, "para": 4, "photonet": 4, "tad66k": 5}
