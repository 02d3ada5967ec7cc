"""Staff, judges and entrants of the demo. All are fictional; every address ends in `.example`."""

from __future__ import annotations

from contest.demo.content_shapes import Person

_TOKYO = ("ja", "Asia/Tokyo", "JP")

STAFF = (
    Person("staff-okada", "岡田 淳", "Okada Jun", "jun.okada@shiosaki.example", *_TOKYO),
    Person("staff-hayashi", "林 紗季", "Hayashi Saki", "saki.hayashi@shiosaki.example", *_TOKYO),
    Person("staff-reyes", "Daniel Reyes", "Daniel Reyes", "daniel.reyes@shiosaki.example", "en", "Asia/Tokyo", "JP"),
)

JUDGES = (
    Person("judge-mori", "森 結衣", "Mori Yui", "yui.mori@college-of-art.example", *_TOKYO),
    Person("judge-aoki", "青木 遥", "Aoki Haruka", "haruka.aoki@jury.example", *_TOKYO),
    Person("judge-fujita", "藤田 健", "Fujita Ken", "ken.fujita@jury.example", *_TOKYO),
    Person("judge-bello", "Tunde Bello", "Tunde Bello", "tunde.bello@jury.example", "en", "Africa/Lagos", "NG"),
    Person("judge-duarte", "Inês Duarte", "Inês Duarte", "ines.duarte@jury.example", "en", "Europe/Lisbon", "PT"),
    Person("judge-grant", "Moira Grant", "Moira Grant", "moira.grant@jury.example", "en", "Europe/London", "GB"),
    Person("judge-holm", "Sofie Holm", "Sofie Holm", "sofie.holm@jury.example", "en", "Europe/Copenhagen", "DK"),
)

ENTRANTS = (
    # A ferry app that anyone can read
    Person("nwosu", "Adaeze Nwosu", "Adaeze Nwosu", "adaeze@halyard.example", "en", "Africa/Lagos", "NG"),
    Person("nakano", "中野 未来", "Nakano Miku", "miku.nakano@kamome.example", *_TOKYO),
    Person("brandt", "Matteo Brandt", "Matteo Brandt", "matteo@linienplan.example", "en", "Europe/Vienna", "AT"),
    Person(
        "mokoena", "Thandi Mokoena", "Thandi Mokoena", "thandi.mokoena@mail.example", "en", "Africa/Johannesburg", "ZA"
    ),
    # A safe place in six minutes
    Person(
        "chau",
        "Nguyễn Thị Minh Châu",
        "Nguyen Thi Minh Chau",
        "minhchau@doithong.example",
        "en",
        "Asia/Ho_Chi_Minh",
        "VN",
    ),
    Person("wisniewska", "Zofia Wiśniewska", "Zofia Wisniewska", "zofia@siedem.example", "en", "Europe/Warsaw", "PL"),
    Person("srisuk", "ธนกร ศรีสุข", "Thanakorn Srisuk", "thanakorn@krapao.example", "en", "Asia/Bangkok", "TH"),
    Person("kovalenko", "Олена Коваленко", "Olena Kovalenko", "olena@slovo.example", "en", "Europe/Kyiv", "UA"),
    Person("yi", "이서연", "Yi Seoyeon", "seoyeon@deungbul.example", "en", "Asia/Seoul", "KR"),
    Person(
        "ibanez",
        "Lucía Ibáñez Quiroga",
        "Lucia Ibanez Quiroga",
        "lucia@garza.example",
        "en",
        "America/Mexico_City",
        "MX",
    ),
    Person("sato", "佐藤 陸", "Sato Riku", "riku.sato@tsukue.example", *_TOKYO),
    Person("elfassi", "أمينة الفاسي", "Amina El Fassi", "amina@ichara.example", "en", "Africa/Casablanca", "MA"),
    Person("sharma", "अनन्या शर्मा", "Ananya Sharma", "ananya@agar.example", "en", "Asia/Kolkata", "IN"),
    Person("suharti", "Suharti", "Suharti", "suharti@tanya.example", "en", "Asia/Jakarta", "ID"),
    Person("murugan", "கவிதா முருகன்", "Kavitha Murugan", "kavitha@neram.example", "en", "Asia/Singapore", "SG"),
    Person("takahashi", "高橋 詩織", "Takahashi Shiori", "shiori.takahashi@tategaki.example", *_TOKYO),
    # What goes out today?
    Person("falcao", "Beatriz Falcão", "Beatriz Falcao", "beatriz@marea.example", "en", "Europe/Lisbon", "PT"),
    Person("ishii", "石井 蓮", "Ishii Ren", "ren.ishii@koyomi.example", *_TOKYO),
    Person("osei", "Kwame Osei", "Kwame Osei", "kwame@eight.example", "en", "Africa/Accra", "GH"),
    Person("yildirim", "Emre Yıldırım", "Emre Yildirim", "emre@kart.example", "en", "Europe/Istanbul", "TR"),
    Person("llewellyn", "Siân Llewellyn", "Sian Llewellyn", "sian@mynegai.example", "en", "Europe/London", "GB"),
    Person("delacruz", "Jomar dela Cruz", "Jomar dela Cruz", "jomar@saanto.example", "en", "Asia/Manila", "PH"),
    Person("chen", "陳 怡君", "Chen Yi-chun", "yichun@fenlei.example", "ja", "Asia/Taipei", "TW"),
    Person("lind", "Oskar Lind", "Oskar Lind", "oskar@gulpase.example", "en", "Europe/Stockholm", "SE"),
)

PEOPLE = {person.key: person for person in (*STAFF, *JUDGES, *ENTRANTS)}
