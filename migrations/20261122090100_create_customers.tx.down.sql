DROP TABLE customer_quotas;
DROP TABLE customer_tree;
DROP TABLE customers;
