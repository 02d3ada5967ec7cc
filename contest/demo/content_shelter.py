"""The twelve entries of the contest that is being judged."""

from __future__ import annotations

from contest.demo.content_shapes import Declaration, Entry, both

SHELTER_ENTRIES = (
    Entry(
        key="higher-ground", contest="safe-place", person="chau", title="Higher Ground", title_latin="Higher Ground",
        line=both("A map that shows height before streets: the darker the green, the safer you are.",
                  "道より先に高さを見せる地図です。緑が濃いほど、安全です。"),
        statement=(
            "Where I grew up, we mark the water of each year on the walls of our houses. Everyone there carries a map of height in "
            "the head; a visitor does not. Higher Ground gives that map to the visitor. Green grows darker where the land rises, grey-blue "
            "is where water may come, and one thick line leads out of it. The line is computed before the disaster and stored on the phone, "
            "for every crossing in the city: 4,180 lines in less than three megabytes. No network is needed. Places that are open have a "
            "house, places to avoid have a cross and are named, because people run to places they know. Under the map there is always one "
            "button and never more than two."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "Map drawn from the heights of the material pack.", "No AI was used."),
        credit="Nguyễn Thị Minh Châu, Đà Nẵng", category="resident", locale="en", sent_minutes=3_100, revisions=2, names="number", formats=("png",), pdf_pages=5,
    ),
    Entry(
        key="seven-lines", contest="safe-place", person="wisniewska", title="Seven Lines", title_latin="Seven Lines",
        line=both("No pictures, no map: seven lines of text that load on one bar of network and can be read aloud.",
                  "絵も地図もなく、7行の文字だけ。電波が1本でも届き、そのまま読み上げられます。"),
        statement=(
            "Pictures are heavy. In the first hours after an earthquake a network that carries anything at all carries text. Seven Lines is "
            "a page of two kilobytes: a title and six places, each with distance, name, height and state. It needs no app. It arrives as a "
            "message, as a web page, on paper, or as a voice that reads it from top to bottom in thirty seconds, because the order of the "
            "lines is the order of importance. The distance is red and large since it is what people compare; a place where one must not go "
            "stays in the list, in grey, with a sentence. I set everything on four columns with one typeface in two weights. If a phone "
            "knows only plain text, nothing is lost but the red."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "No pictures are used.", "No AI was used."),
        credit="Zofia Wiśniewska, Gdańsk", category="resident", locale="en", sent_minutes=8_600, revisions=1, names="plain", formats=("png",), pdf_pages=3,
    ),
    Entry(
        key="pocket-shelter", contest="safe-place", person="srisuk", title="Pocket Shelter กระเป๋า", title_latin="Pocket Shelter",
        line=both("A deck of coloured cards that is kept in the phone like tickets, and works when nothing else does.",
                  "切符のようにスマートフォンにしまっておく色つきのカードです。ほかが使えなくても、これは開きます。"),
        statement=(
            "During the great flood in my city my phone kept two things alive: the photo album and the wallet. They open without a network and "
            "everybody knows where they are. So Pocket Shelter is not a new app. It is a deck of cards for the wallet that every phone has. "
            "The city sends five cards when you register your address. Each card has one colour, one picture and one fact: your shelter, "
            "your way, what to take, what to say, and a card that tells your family you are safe. When a shelter fills up, its card changes "
            "by itself as soon as there is a network. The colours are warm on purpose; alarm belongs to the siren. Children in my class "
            "could name all five cards after one minute."
        ),
        declaration=Declaration("Noto Sans and Noto Sans Thai, SIL OFL 1.1.", "Pictograms are my own.", "An assistant helped me with the English."),
        credit="ธนกร ศรีสุข (Thanakorn Srisuk), Bangkok", category="resident", locale="en", sent_minutes=260, revisions=3, names="number", formats=("webp", "png"), pdf_pages=4,
    ),
    Entry(
        key="one-word", contest="safe-place", person="kovalenko", title="One Word · Одне слово", title_latin="One Word",
        line=both("One word fills the screen. It is the only thing to do now.",
                  "画面いっぱいに、ことばを1つ。今することは、それだけです。"),
        statement=(
            "I have used warning apps at night, in a stairwell, with a child on my arm. I know what can be read there: one word. Everything "
            "else is noise. One Word fills the screen with it. Leave. Uphill. Here. The next word comes when you touch the screen anywhere, "
            "or when the phone knows that you have moved. The ground is orange, because an orange light is seen through smoke and by people "
            "around you, who may follow. Under the large word stands the same word in Japanese, so that a neighbour can read it too and help. "
            "There are four type sizes and a voice. The phone dims between words and lives for nineteen hours on a fifth of its battery. I "
            "removed everything that I could."
        ),
        declaration=Declaration("Noto Sans Bold, SIL OFL 1.1.", "Pictograms are my own.", "No AI was used."),
        credit="Олена Коваленко (Olena Kovalenko), Lviv", category="resident", locale="en", sent_minutes=45, revisions=2, names="final", formats=("png",), pdf_pages=4, film=True,
    ),
    Entry(
        key="lantern", contest="safe-place", person="yi", title="등불 Lantern", title_latin="Lantern",
        line=both("For an earthquake at two in the morning: a dark screen on which only the next step is lit.",
                  "午前2時の地震のために。暗い画面で、次の一歩だけに灯がともります。"),
        statement=(
            "Half of all hours are dark. When the power fails, the phone becomes the lamp, and a white screen blinds the one who holds it. "
            "Lantern is designed for two in the morning. The ground is nearly black; light is used like lamp oil, only where something is to "
            "be done. Three ways to a safe place are compared as ribbons: how much of it is lit, how many steps, how long. The shortest way "
            "is not always the first one offered. A ring shows the minutes that are left and nothing else. In the list, every place is a "
            "point of light; a place not to go to is an empty circle. The whole app has one amber, one green and one warm white, and saves "
            "a third of the battery on common screens."
        ),
        declaration=Declaration("Noto Serif, Noto Sans, SIL OFL 1.1.", "All drawings are my own.", "I used AI to compare names for the project. The drawings were made without it."),
        credit="이서연 (Yi Seoyeon), Busan", category="resident", locale="en", sent_minutes=980, revisions=4, names="kebab", formats=("png", "jpeg"), pdf_pages=5,
    ),
    Entry(
        key="heron", contest="safe-place", person="ibanez", title="The Heron Knows the Way", title_latin="The Heron Knows the Way",
        line=both("A picture book for a quiet day, so that feet know the way on the other one.",
                  "静かな日に読む絵本です。その日が来たとき、足が道をおぼえています。"),
        statement=(
            "After the great earthquake every child in my city learned the way out of school by walking it, again and again, with a song. Panic does not "
            "read, but feet remember. This design is for the quiet days before. A heron, the bird of the bay, flies ahead of you along your "
            "own way, from your own door, and tells one thing at each stop. You walk it once with your children; it takes six minutes. When "
            "the siren sounds, the same pictures return, in the same order, with fewer words. The colours are those of the harbour in the "
            "morning. I drew all scenes from parts, so that the city can set them together for each district. The last picture is always "
            "the same: the evening, the hill, and a large tick that says you are safe."
        ),
        declaration=Declaration("Noto Serif, Noto Sans, SIL OFL 1.1.", "All illustrations are my own.", "No AI was used, by conviction."),
        credit="Lucía Ibáñez Quiroga, Mexico City", category="resident", locale="en", sent_minutes=1_700, revisions=2, names="number", formats=("png",), pdf_pages=4, film=True,
    ),
    Entry(
        key="shelter-desk", contest="safe-place", person="sato", title="避難所の机", title_latin="The Shelter Desk",
        line=both("The other side of the counter: how three volunteers receive 180 people who speak nine languages.",
                  "受付の内側から。ボランティア3人が、9つの言語を話す180人を迎えるための画面です。"),
        statement=(
            "前の地震のとき、私は避難所の受付にいました。紙の名簿、足りないペン、聞き取れない名前。困っていたのは、逃げてきた人だけではありません。"
            "この作品は、支える側の机のためのものです。受付では、どの文字の名前でもそのまま書け、聞くのは「何人か」「必要なもの」の2つだけです。"
            "部屋の平面図では、就寝、手当て、ペット連れの場所がひと目で分かり、要望は急ぐものから並びます。市の本部では、7か所の空きと、"
            "通じることばを1つの表で見ます。電波が切れても机の上の端末どうしでつながり、戻れば自動でそろいます。身分証は求めません。"
            "名簿は72時間で消え、必要な人だけが延ばせます。"
        ),
        declaration=Declaration("源ノ角ゴシック（SIL OFL 1.1）。", "平面図は架空のものです。", "AIは使っていません。"),
        credit="佐藤 陸（熊本市）", category="staff", locale="ja", sent_minutes=600, revisions=3, names="japanese", formats=("png",), pdf_pages=5, board=True,
    ),
    Entry(
        key="twelve-signs", contest="safe-place", person="elfassi", title="Twelve Signs إشارات", title_latin="Twelve Signs",
        line=both("Twelve signs that say danger, help and need without a letter, and can be read like a sum.",
                  "危険、助け、必要なもの。文字なしで伝える12の記号を、たし算のように読みます。"),
        statement=(
            "My grandmother reads no script, and she has never been lost in the old town, because every craft has its sign. Twelve Signs "
            "is a small system of that kind. Yellow is danger, green is safety, blue is what a body needs, red is fire alone. Inside the "
            "colour stands one solid shape, drawn on a grid of forty-eight units, tested at two metres with sixty people from nine countries; "
            "I redrew every sign that fewer than fifty named correctly. Signs can be set in a row and read like a sum: quake plus wave, then "
            "the hill. The last screens are for pointing: six sentences that a frightened person needs, with the sign, in two languages. The "
            "signs are offered to every city, for the phone, the wall and the armband."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "All signs are my own, offered under CC BY 4.0. ISO 7010 was consulted, not copied.", "No AI was used."),
        credit="أمينة الفاسي (Amina El Fassi), Fès", category="resident", locale="en", sent_minutes=150, revisions=2, names="kebab", formats=("svg", "png"), pdf_pages=4,
    ),
    Entry(
        key="if-then-go", contest="safe-place", person="sharma", title="If, Then, Go", title_latin="If, Then, Go",
        line=both("The whole rule fits on one sheet: four questions, and going up is never wrong.",
                  "決まりの全体を1枚に。質問は4つ、高い所へ行くのはいつも正解です。"),
        statement=(
            "As an engineer I am asked for the specification. For an earthquake there is none: there are leaflets with forty rules in the "
            "order of the office that wrote them. I drew the rules as one decision tree and removed every branch that ends in the same act. "
            "Four questions were left. They fit on one sheet for the kitchen wall, and on the phone they come one by one, with yes as a "
            "solid line and no as a dashed one. When somebody is not sure, the answer is always yes, because going up is never wrong. The tree is "
            "data, not a picture: the city can change a question and both the sheet and the app follow. It works without network, account "
            "or position. The squared paper reminds us that this is a plan, not a promise."
        ),
        declaration=Declaration("Noto Sans Mono, SIL OFL 1.1.", "All drawings are my own.", "A language model searched my tree for contradictions and found one."),
        credit="अनन्या शर्मा (Ananya Sharma), Pune", category="resident", locale="en", sent_minutes=8, revisions=6, names="plain", formats=("png", "svg"), pdf_pages=3,
    ),
    Entry(
        key="ask-simply", contest="safe-place", person="suharti", title="Ask Me Simply", title_latin="Ask Me Simply",
        line=both("A conversation in sentences of eight words, in your language and in the neighbour’s.",
                  "8語までの短い文で、自分のことばと隣の人のことばで話します。"),
        statement=(
            "I came to Japan as a care worker. In the first typhoon I had three apps and understood none, but my neighbour sat with me and "
            "asked: where are you, can you walk, who is with you? Each question had five words. Ask Me Simply is this neighbour. It asks one "
            "thing, waits, and gives large answers to press. No sentence is longer than eight words, and every sentence is shown in two "
            "languages, so that a person beside you can read along and help. Speech works in both directions without a network for the forty "
            "sentences that were used most in the last drill. The last card is to be shown: it says that I do not speak well, and asks for "
            "short sentences. It is the card I wished for."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "Small map redrawn from the material pack.", "Recorded voices will be real people. No AI was used in the drawings."),
        credit="Suharti, Yogyakarta", category="resident", locale="en", sent_minutes=2_020, revisions=2, names="shot", formats=("png",), pdf_pages=4,
    ),
    Entry(
        key="seventy-two", contest="safe-place", person="murugan", title="72 மணி · Seventy-Two Hours", title_latin="Seventy-Two Hours",
        line=both("Three days as one ring: what to do now, and what may wait until tomorrow.",
                  "3日間を1つの輪に。今することと、明日でよいことが分かります。"),
        statement=(
            "Six minutes save a life; seventy-two hours keep it. After the first run uphill people ask when there will be water, where to "
            "charge a phone, whom to tell. They ask everything at once, because nobody has told them what can wait. Seventy-Two Hours shows "
            "three days as one ring with five parts. A hand stands at now. Only the acts of the present part are offered, four at most, with "
            "boxes to tick; the rest is named and kept for later. A second view shows nine services as bars, so that a family can plan when "
            "to queue. Times count from the quake, not from the clock on the wall, which may have stopped. I worked with the colours of a "
            "kitchen timer, and with a typeface whose figures do not jump."
        ),
        declaration=Declaration("Noto Sans Mono, Noto Sans, SIL OFL 1.1.", "All drawings are my own.", "No AI was used."),
        credit="கவிதா முருகன் (Kavitha Murugan), Singapore", category="resident", locale="en", sent_minutes=3_700, revisions=1, names="number", formats=("jpeg", "png"), pdf_pages=4,
    ),
    Entry(
        key="takadai", contest="safe-place", person="takahashi", title="高台へ", title_latin="To High Ground",
        line=both("Wooden tags in vertical script: the nearest place stands at the right, where a Japanese line begins.",
                  "縦書きの木札を右から読みます。いちばん近い場所が、いちばん右に立っています。"),
        statement=(
            "津波の石碑は、たいてい縦書きです。「此処より下に家を建てるな」。短く、強く、遠くから見えます。その姿を、手のひらに移しました。"
            "近くの安全な場所を木札のように並べ、右端のいちばん近い札だけを朱で染めます。行ってはいけない場所は薄い墨で残し、理由を添えました。"
            "日本語を読めない人には、札の上の距離と絵記号が同じことを伝えます。縦書きは飾りではありません。片手で持った細い画面では、"
            "1行の字数が多いほど読み返しが減るからです。手順は一から四まで。表紙の山は、汐崎の実際の稜線をなぞりました。"
            "毎日開いても苦にならない、静かな防災を目指しています。"
        ),
        declaration=Declaration("源ノ明朝（SIL OFL 1.1）。", "稜線は資料の標高データから描きました。", "AIは使っていません。"),
        credit="高橋 詩織（盛岡市）", category="resident", locale="ja", sent_minutes=1_250, revisions=2, names="japanese", formats=("png", "webp"), pdf_pages=4,
    ),
)  # fmt: skip
