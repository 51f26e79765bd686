// What the pages say, in English and in Chinese. The host names the language in the address (?lang=zh-CN).

const words = {
  en: {
    title: "Where to today?", map: "Map of the harbour with the boats under way", lines: "Lines", tickets: "My tickets",
    none: "Your tickets will wait for you here.", buy: (fare) => `Buy a ticket · ¥${fare}`, other: "中文",
    in: (n) => (n === 0 ? "leaving now" : n < 60 ? `leaves in ${n} min` : `leaves in ${Math.floor(n / 60)} h ${n % 60} min`), takes: (n) => `${n} min crossing`,
    later: "Later boats", valid: (time) => `Valid until ${time}`, night: "Night line",
    afloat: (n) => (n === 0 ? "All boats are at the quay" : `${n} ${n === 1 ? "boat" : "boats"} on the water, live`),
    greeting: (hour) => (hour < 5 ? "Good night" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening"),
    sample: "A sample mini-program of Ferry: no ticket here is real.",
  },
  zh: {
    title: "今天去哪儿？", map: "港湾地图与航行中的渡轮", lines: "航线", tickets: "我的船票",
    none: "购买的船票会放在这里。", buy: (fare) => `购票 · ¥${fare}`, other: "EN",
    in: (n) => (n === 0 ? "即将开船" : n < 60 ? `${n} 分钟后开船` : `${Math.floor(n / 60)} 小时 ${n % 60} 分钟后开船`), takes: (n) => `航程 ${n} 分钟`,
    later: "后续班次", valid: (time) => `有效至 ${time}`, night: "夜航",
    afloat: (n) => (n === 0 ? "渡轮均已靠岸" : `实时：${n} 艘渡轮航行中`),
    greeting: (hour) => (hour < 5 ? "夜深了" : hour < 12 ? "早上好" : hour < 18 ? "下午好" : "晚上好"),
    sample: "Ferry 平台的示例小程序，船票并非真实。",
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
