"""The gateway: public HTTP API, requests and projections."""
