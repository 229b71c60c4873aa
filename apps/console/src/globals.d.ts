/** Where Grafana is, without a slash at the end; empty when it is not known. Set when the page is built. */
declare const MOQ_GRAFANA_URL: string;
