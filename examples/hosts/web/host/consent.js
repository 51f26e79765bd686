// The person's choice about data: asked once for each policy, nothing ticked beforehand, changed whenever they like.

const $ = (id) => document.getElementById(id);
export const PURPOSES = ["analytics", "marketing", "profiling"];

export class ConsentSheet {
  /** `decide({analytics, marketing, profiling})` hears each choice. The phone works while nobody has answered. */
  constructor({ client, decide }) {
    this.client = client;
    const close = (choice) => {
      $("consent").hidden = true;
      decide(Object.fromEntries(PURPOSES.map((name) => [name, choice(name)])));
    };
    $("consent-none").addEventListener("click", () => close(() => false));
    $("consent-save").addEventListener("click", () => close((name) => $(`consent-${name}`).checked));
    $("privacy").addEventListener("click", () => this.open());
  }

  /** Asks, unless this policy has been answered. */
  async ask(policy) {
    const known = await this.client.device.consent();
    if (known?.policy_version !== policy) await this.open();
  }

  async open() {
    const known = await this.client.device.consent();
    for (const name of PURPOSES) $(`consent-${name}`).checked = known?.[name] ?? false;
    $("consent").hidden = false;
  }
}
