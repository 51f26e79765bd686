// What the phone says of itself, at registration and at each check-in.

export function deviceFacts(config) {
  return {
    platform: "web",
    os: navigator.userAgentData?.platform ?? "",
    model: "Phone frame",
    host_version: config.host_version,
    network: navigator.connection?.type ?? "wifi",
    locale: navigator.language,
  };
}
