-- For who asks of one customer whether it is below some others, without a look at the table.
CREATE INDEX customer_tree_above ON customer_tree (customer_id, ancestor_id);
