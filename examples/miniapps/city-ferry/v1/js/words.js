// What the pages say, in English and in Chinese. The host names the language in the address (?lang=zh-CN).

const words = {
  en: {
    title: "City Ferry", subtitle: "Harbour lines and tickets", lines: "Next departures", tickets: "My tickets",
    none: "No ticket yet. Choose a boat above.", buy: "Buy", other: "中文",
    in: (n) => (n === 0 ? "now" : n < 60 ? `in ${n} min` : `in ${Math.floor(n / 60)} h ${n % 60} min`), takes: (n) => `${n} min crossing`, then: "then",
    valid: (time) => `valid until ${time}`, sample: "A sample mini-program of Ferry: no ticket here is real.",
  },
  zh: {
    title: "城市轮渡", subtitle: "港湾航线与船票", lines: "即将开航", tickets: "我的船票",
    none: "还没有船票，请在上方选择航班。", buy: "购票", other: "EN",
    in: (n) => (n === 0 ? "即将开船" : n < 60 ? `${n} 分钟后` : `${Math.floor(n / 60)} 小时 ${n % 60} 分钟后`), takes: (n) => `航程 ${n} 分钟`, then: "随后",
    valid: (time) => `有效至 ${time}`, sample: "Ferry 平台的示例小程序，船票并非真实。",
  },
};

const asked = new URLSearchParams(location.search).get("lang") ?? navigator.language;
export let language = asked.toLowerCase().startsWith("zh") ? "zh" : "en";

/** The word for a key in the language of the moment. */
export const say = (key) => words[language][key];

/** Changes to the other language. */
export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
}
