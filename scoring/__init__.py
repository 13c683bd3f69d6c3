"""Both ends of a prediction: inputs and requests on the portal's side; in entry/ what is shipped to an endpoint."""
