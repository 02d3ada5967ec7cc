"""What the drawn apps talk about: one small world of facts for each contest.

Every `Pair` is (English, Japanese). The places and services are those of Shiosaki City, which is fictional.
"""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list. `tone` is ok, warn or stop."""

    lead: Pair
    name: Pair
    sub: Pair
    state: Pair
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Sign:
    icon: str
    label: Pair
    rule: Pair


@dataclass(frozen=True, slots=True)
class World:
    """Facts for the screens of one subject; `hero` is what a person needs first."""

    key: str
    place: Pair
    today: Pair
    ask: Pair
    hero_label: Pair
    hero_value: Pair
    hero_unit: Pair
    hero_target: Pair
    hero_note: Pair
    hero_icon: str
    minutes: int
    rows_title: Pair
    rows: tuple[Row, ...]
    facts: tuple[tuple[Pair, Pair, str], ...]
    steps_title: Pair
    steps: tuple[Sign, ...]
    signs_title: Pair
    signs: tuple[Sign, ...]
    alert: Pair
    alert_body: Pair
    alert_icon: str
    done_kicker: Pair
    done_title: Pair
    done_big: Pair
    done_sub: Pair
    done_action: Pair
    action: Pair
    other_action: Pair
    question: Pair
    choices: tuple[Sign, ...]
    talk: tuple[tuple[str, Pair], ...]
    answers: tuple[Pair, ...]
    welcome: Pair
    welcome_body: Pair


FERRY = World(
    key="ferry",
    place=("Old Pier", "旧桟橋"),
    today=("Sat 28 Nov", "11月28日(土)"),
    ask=("Where to?", "どこへ行きますか"),
    hero_label=("Next boat", "次の便"),
    hero_value=("08:40", "08:40"),
    hero_unit=("in 4 min", "あと4分"),
    hero_target=("Kojima", "小島"),
    hero_note=("Pier 3, no steps", "3番桟橋、段差なし"),
    hero_icon="boat",
    minutes=4,
    rows_title=("Departures", "出発"),
    rows=(
        Row(
            ("08:40", "08:40"),
            ("Kojima", "小島"),
            ("Pier 3, 22 min", "3番桟橋、22分"),
            ("Boarding", "乗船中"),
            "ok",
            "boat",
        ),
        Row(
            ("08:55", "08:55"),
            ("Uminaka", "海中"),
            ("Pier 1, 15 min", "1番桟橋、15分"),
            ("On time", "定刻"),
            "ok",
            "boat",
        ),
        Row(
            ("09:10", "09:10"),
            ("Kojima", "小島"),
            ("Pier 3, 22 min", "3番桟橋、22分"),
            ("On time", "定刻"),
            "ok",
            "boat",
        ),
        Row(
            ("09:25", "09:25"),
            ("Hama", "浜"),
            ("Pier 2, 18 min", "2番桟橋、18分"),
            ("5 min late", "5分遅れ"),
            "warn",
            "boat",
        ),
        Row(
            ("09:40", "09:40"),
            ("Airport", "空港"),
            ("Pier 4, 35 min", "4番桟橋、35分"),
            ("On time", "定刻"),
            "ok",
            "boat",
        ),
        Row(
            ("10:05", "10:05"),
            ("Castle", "城下"),
            ("Pier 1, 12 min", "1番桟橋、12分"),
            ("Cancelled", "欠航"),
            "stop",
            "wave",
        ),
    ),
    facts=(
        (("Crossing", "所要時間"), ("22 min", "22分"), "clock"),
        (("Fare", "運賃"), ("¥320", "320円"), "ticket"),
        (("Ramp", "スロープ"), ("Level", "水平"), "ramp"),
        (("Bicycles", "自転車"), ("Allowed", "乗せられます"), "bike"),
    ),
    steps_title=("How to board", "乗りかた"),
    steps=(
        Sign(
            "walk",
            ("Walk to pier 3", "3番桟橋へ歩く"),
            ("Follow the orange line, 3 minutes.", "オレンジの線をたどって|3分です。"),
        ),
        Sign(
            "ticket",
            ("Touch the post", "柱にタッチする"),
            ("Hold your ticket to the blue post.", "きっぷを|青い柱に|かざします。"),
        ),
        Sign("ramp", ("Board by the ramp", "スロープから乗る"), ("It is level until 11:30.", "11:30までは|水平です。")),
        Sign(
            "boat", ("Get off at Kojima", "小島で降りる"), ("The first stop, at 09:02.", "最初の桟橋、|09:02着です。")
        ),
    ),
    signs_title=("Signs on the pier", "桟橋の案内記号"),
    signs=(
        Sign("boat", ("Boat", "船"), ("Wait here", "ここで待つ")),
        Sign("anchor", ("Pier", "桟橋"), ("Find the number", "番号をさがす")),
        Sign("ramp", ("Ramp", "スロープ"), ("No steps", "段差なし")),
        Sign("ticket", ("Ticket", "きっぷ"), ("Touch the post", "柱にタッチ")),
        Sign("bike", ("Bicycle", "自転車"), ("Stand at the bow", "船首に置く")),
        Sign("wheelchair", ("Priority", "優先席"), ("Ask the crew", "乗組員へ")),
        Sign("wave", ("Rough sea", "波が高い"), ("Hold the rail", "手すりを持つ")),
        Sign("clock", ("Delay", "遅れ"), ("See the board", "表示を見る")),
        Sign("bus", ("Bus", "バス"), ("Exit west", "西口")),
    ),
    alert=("Strong wind", "強風"),
    alert_body=(
        "Boats may stop after 15:00. Come back early.",
        "15時から|止まることがあります。|早めに|お帰りください。",
    ),
    alert_icon="alert",
    done_kicker=("Adult, all four routes", "大人、4航路すべて"),
    done_title=("Day ticket", "一日乗船券"),
    done_big=("23:59", "23:59"),
    done_sub=("Valid until tonight", "今夜まで有効"),
    done_action=("Show to the crew", "乗組員に見せる"),
    action=("Go to pier 3", "3番桟橋へ"),
    other_action=("Later boats", "あとの便"),
    question=("Where are you going?", "どこへ|行きますか"),
    choices=(
        Sign("boat", ("Kojima", "小島"), ("22 min, pier 3", "22分、3番")),
        Sign("wave", ("Uminaka", "海中"), ("15 min, pier 1", "15分、1番")),
        Sign("sun", ("Hama", "浜"), ("18 min, pier 2", "18分、2番")),
        Sign("plug", ("Airport", "空港"), ("35 min, pier 4", "35分、4番")),
    ),
    talk=(
        ("me", ("I want to go to Kojima.", "小島へ行きたいです。")),
        ("app", ("The next boat leaves at 08:40 from pier 3.", "次の便は08:40、|3番桟橋です。")),
    ),
    answers=(("Show the way", "道を見る"), ("Buy a ticket", "きっぷを買う"), ("Later boats", "あとの便")),
    welcome=("One bay, four boats", "ひとつの湾、|四つの船"),
    welcome_body=(
        "Tell us where you are going. We tell you which pier.",
        "行き先を選ぶと、|どの桟橋かを|お知らせします。",
    ),
)

SHELTER = World(
    key="shelter",
    place=("Hama-dori 2", "浜通り2丁目"),
    today=("Sat 28 Nov", "11月28日(土)"),
    ask=("Find a safe place", "安全な場所をさがす"),
    hero_label=("Nearest shelter", "いちばん近い避難所"),
    hero_value=("350 m", "350 m"),
    hero_unit=("6 min on foot", "歩いて6分"),
    hero_target=("Minami School", "みなみ小学校"),
    hero_note=("18 m above the sea", "海抜18 m"),
    hero_icon="shelter",
    minutes=6,
    rows_title=("Safe places near you", "近くの安全な場所"),
    rows=(
        Row(
            ("350 m", "350 m"),
            ("Minami School", "みなみ小学校"),
            ("18 m high, 6 min", "海抜18 m、6分"),
            ("Open", "開設中"),
            "ok",
            "school",
        ),
        Row(
            ("600 m", "600 m"),
            ("Castle Hill Park", "城山公園"),
            ("42 m high, 11 min", "海抜42 m、11分"),
            ("Open", "開設中"),
            "ok",
            "hill",
        ),
        Row(
            ("800 m", "800 m"),
            ("City Gymnasium", "市民体育館"),
            ("15 m high, 13 min", "海抜15 m、13分"),
            ("Nearly full", "残りわずか"),
            "warn",
            "shelter",
        ),
        Row(
            ("1.1 km", "1.1 km"),
            ("Kita School", "きた中学校"),
            ("24 m high, 19 min", "海抜24 m、19分"),
            ("Open", "開設中"),
            "ok",
            "school",
        ),
        Row(
            ("1.3 km", "1.3 km"),
            ("Temple Terrace", "高台寺"),
            ("31 m high, 22 min", "海抜31 m、22分"),
            ("Open", "開設中"),
            "ok",
            "hill",
        ),
        Row(
            ("1.4 km", "1.4 km"),
            ("Port Hall", "港会館"),
            ("3 m high", "海抜3 m"),
            ("Do not go", "行かない"),
            "stop",
            "tsunami",
        ),
    ),
    facts=(
        (("Height", "海抜"), ("18 m", "18 m"), "hill"),
        (("Room for", "空き"), ("120 more", "あと120人"), "people"),
        (("Languages", "ことば"), ("5 spoken", "5言語"), "speak"),
        (("Pets", "ペット"), ("Welcome", "一緒に入れます"), "paw"),
    ),
    steps_title=("What to do now", "今すること"),
    steps=(
        Sign(
            "shoe",
            ("Put on shoes", "くつをはく"),
            ("Glass may lie on the floor.", "床に|ガラスが|あるかもしれません。"),
        ),
        Sign("bagpack", ("Take your bag", "かばんを持つ"), ("Water, medicine, passport.", "水、薬、|パスポート。")),
        Sign(
            "walk",
            ("Walk, do not drive", "歩いて行く"),
            ("Go uphill, away from the sea.", "海から離れて、|坂を上ります。"),
        ),
        Sign("people", ("Say your name", "名前を言う"), ("At the desk by the gate.", "門の受付で|伝えます。")),
    ),
    signs_title=("What you may need", "必要なもの"),
    signs=(
        Sign("quake", ("Earthquake", "地震"), ("Cover your head", "頭を守る")),
        Sign("tsunami", ("Tsunami", "津波"), ("Go up now", "すぐ高い所へ")),
        Sign("flood", ("Flood", "洪水"), ("Leave early", "早く逃げる")),
        Sign("typhoon", ("Typhoon", "台風"), ("Stay inside", "外に出ない")),
        Sign("slide", ("Landslide", "土砂くずれ"), ("Leave the slope", "坂から離れる")),
        Sign("fire", ("Fire", "火事"), ("Stay low", "低い姿勢で")),
        Sign("shelter", ("Shelter", "避難所"), ("You may sleep here", "泊まれます")),
        Sign("drop", ("Water", "水"), ("3 litres a day", "1日3リットル")),
        Sign("rice", ("Food", "食べ物"), ("Given at 18:00", "18時に配ります")),
        Sign("toilet", ("Toilet", "トイレ"), ("Behind the hall", "体育館の裏")),
        Sign("cross", ("First aid", "手当て"), ("Room 1-2", "1年2組")),
        Sign("plug", ("Charging", "充電"), ("30 minutes each", "1人30分")),
    ),
    alert=("Tsunami warning", "津波警報"),
    alert_body=(
        "Leave the coast now. Go to high ground. Do not go back.",
        "今すぐ|海から離れて。|高い所へ。|戻らないで。",
    ),
    alert_icon="tsunami",
    done_kicker=("Send to my family", "家族に知らせる"),
    done_title=("I am safe", "私は無事です"),
    done_big=("14:52", "14:52"),
    done_sub=("At Minami School", "みなみ小学校にいます"),
    done_action=("Show to the staff", "係の人に見せる"),
    action=("Show me the way", "道を見る"),
    other_action=("Other places", "ほかの場所"),
    question=("Where are you now?", "今どこに|いますか"),
    choices=(
        Sign("home", ("At home", "家"), ("Upstairs or down", "1階か2階か")),
        Sign("walk", ("Outside", "外"), ("Street or beach", "道か海か")),
        Sign("bus", ("In a car or bus", "車やバス"), ("Stop at the left", "左に止める")),
        Sign("school", ("At work, at school", "職場や学校"), ("Follow the staff", "係の人と")),
    ),
    talk=(
        ("app", ("A strong earthquake. Are you safe?", "強い地震が|ありました。|無事ですか。")),
        ("me", ("Yes. Where do I go?", "はい。どこへ行けばいいですか。")),
        ("app", ("Minami School, 350 m. It is 18 m above the sea.", "みなみ小学校です。|350m先、|海抜18mです。")),
    ),
    answers=(("Show me the way", "道を見る"), ("I cannot walk", "歩けません"), ("I have a pet", "ペットがいます")),
    welcome=("The hill is nearer than you think", "高台は、|思うより|近くに"),
    welcome_body=(
        "Walk the way once on a quiet day. Then your feet will know it.",
        "静かな日に|一度歩いてみましょう。|足が道を|おぼえます。",
    ),
)

WASTE = World(
    key="waste",
    place=("Minato-cho 4", "港町4丁目"),
    today=("Mon 30 Nov", "11月30日(月)"),
    ask=("What do you throw away?", "何を捨てますか"),
    hero_label=("Tomorrow, Tuesday", "あした、火曜日"),
    hero_value=("8:00", "8:00"),
    hero_unit=("at the latest", "までに出す"),
    hero_target=("Plastic wrap", "プラスチック"),
    hero_note=("Yellow bag, tied", "黄色い袋、口をしばる"),
    hero_icon="wrap",
    minutes=8,
    rows_title=("This week", "今週"),
    rows=(
        Row(("Mon", "月"), ("Burnable", "燃やすごみ"), ("Red bag", "赤い袋"), ("Done", "終わり"), "ok", "apple"),
        Row(
            ("Tue", "火"),
            ("Plastic wrap", "プラスチック"),
            ("Yellow bag", "黄色い袋"),
            ("Tomorrow", "あした"),
            "warn",
            "wrap",
        ),
        Row(
            ("Wed", "水"),
            ("Paper, card", "紙、段ボール"),
            ("Tied with string", "ひもでしばる"),
            ("8:00", "8:00"),
            "ok",
            "box",
        ),
        Row(("Thu", "木"), ("Burnable", "燃やすごみ"), ("Red bag", "赤い袋"), ("8:00", "8:00"), "ok", "apple"),
        Row(
            ("Fri", "金"),
            ("Cans, glass, PET", "缶、びん、PET"),
            ("Blue crate", "青いかご"),
            ("8:00", "8:00"),
            "ok",
            "bottle",
        ),
        Row(
            ("Sat", "土"),
            ("No collection", "収集なし"),
            ("Keep it at home", "家に置く"),
            ("Rest", "休み"),
            "stop",
            "moon",
        ),
    ),
    facts=(
        (("Bag", "袋"), ("Yellow, 45 L", "黄色、45 L"), "bag"),
        (("Day", "曜日"), ("Tuesday", "火曜日"), "calendar"),
        (("Before", "時刻"), ("8:00", "8:00まで"), "clock"),
        (("Where", "場所"), ("Point 12", "12番置場"), "pin"),
    ),
    steps_title=("Get it ready", "出す前に"),
    steps=(
        Sign(
            "cap",
            ("Take off the cap", "ふたを取る"),
            ("Cap and label are plastic wrap.", "ふたとラベルは|プラスチックへ。"),
        ),
        Sign("tap", ("Rinse it once", "さっと洗う"), ("Cold water is enough.", "水だけで|十分です。")),
        Sign("bottle", ("Press it flat", "つぶす"), ("From the bottom up.", "底のほうから|つぶします。")),
        Sign("box", ("Into the blue crate", "青いかごへ"), ("Friday, before 8:00.", "金曜日の|8:00までに。")),
    ),
    signs_title=("Nine kinds", "9つの分け方"),
    signs=(
        Sign("apple", ("Burnable", "燃やすごみ"), ("Red bag", "赤い袋")),
        Sign("wrap", ("Plastic wrap", "プラスチック"), ("Yellow bag", "黄色い袋")),
        Sign("bottle", ("PET bottle", "ペットボトル"), ("No cap, no label", "ふたを取る")),
        Sign("can", ("Can", "缶"), ("Rinse once", "洗う")),
        Sign("glass", ("Glass", "びん"), ("By colour", "色で分ける")),
        Sign("box", ("Card", "段ボール"), ("Tie with string", "しばる")),
        Sign("battery", ("Battery", "電池"), ("Box at the shop", "お店の箱へ")),
        Sign("pan", ("Metal", "小さな金属"), ("Monthly", "月に1回")),
        Sign("chair", ("Large", "粗大ごみ"), ("Call first", "先に電話")),
        Sign("shirt", ("Clothes", "古着"), ("Clean, in a bag", "洗って袋へ")),
        Sign("bulb", ("Lamps", "電球"), ("In paper", "紙で包む")),
        Sign("fridge", ("Appliances", "家電"), ("Ask the shop", "お店に聞く")),
    ),
    alert=("No collection", "収集はお休み"),
    alert_body=(
        "Thursday 3 December is a day off. Take burnables out on Friday.",
        "12月3日(木)は|お休みです。|燃やすごみは|金曜日に。",
    ),
    alert_icon="calendar",
    done_kicker=("Every Tuesday", "毎週火曜日"),
    done_title=("Reminder is set", "お知らせを設定"),
    done_big=("7:30", "7:30"),
    done_sub=("Yellow bag, plastic wrap", "黄色い袋、プラスチック"),
    done_action=("Change the time", "時刻を変える"),
    action=("Remind me at 7:30", "7:30に知らせる"),
    other_action=("See the week", "今週を見る"),
    question=("What is it made of?", "何で|できていますか"),
    choices=(
        Sign("bottle", ("Soft plastic", "やわらかいプラ"), ("Wrap, tray, film", "袋、トレー")),
        Sign("can", ("Metal", "金属"), ("Can, lid, foil", "缶、ふた")),
        Sign("paper", ("Paper", "紙"), ("Dry and clean", "乾いたもの")),
        Sign("glass", ("Glass", "ガラス"), ("Bottle or jar", "びん")),
    ),
    talk=(
        ("me", ("Pizza box. It has cheese on it.", "ピザの箱。チーズがついています。")),
        (
            "app",
            (
                "Then it is burnable. The lid is clean? Tear it off: the lid is paper.",
                "燃やすごみです。|きれいなふたは、|切り取って|紙へ出せます。",
            ),
        ),
    ),
    answers=(("When?", "いつですか"), ("Which bag?", "どの袋ですか"), ("Another thing", "ほかの物")),
    welcome=("Good morning. What day is it?", "おはよう。|今日は|何の日？"),
    welcome_body=(
        "We look at the calendar, so that you can look at the sea.",
        "暦は|おまかせください。|朝の海を|どうぞ。",
    ),
)

WORLDS = {"ferry": FERRY, "shelter": SHELTER, "waste": WASTE}
