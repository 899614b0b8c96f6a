DROP INDEX customer_tree_above;
