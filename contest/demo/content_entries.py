"""The entries of the open and of the published contest. Statements carry no names: judging is blind."""

from __future__ import annotations

from contest.demo.content_shapes import Declaration, Entry, both

FERRY_ENTRIES = (
    Entry(
        key="tide-line", contest="ferry-app", person="nwosu", title="Tide Line", title_latin="Tide Line",
        line=both("One line, the tide, runs through every screen and tells which pier, which boat and when the ramp is level.",
                  "潮の満ち引きを表す1本の線が全画面を貫き、桟橋、船、スロープが水平になる時刻を伝えます。"),
        statement=(
            "A ferry is the only vehicle whose road goes up and down. As a child I learned to read the mark on the jetty before the "
            "timetable: when the water is low, the ramp is steep and my mother waits for the next boat. So this design begins with the "
            "water. One orange line is the way from where you stand to where you go. It is the only solid line on the map, and its "
            "colour is the colour of the ticket. Each screen says one next thing: the boat, the pier, the act. The colour is never alone; a word stands "
            "beside it. I tested the screens on a phone at noon, on a quay, with eleven riders who had never seen them. Nine found the "
            "pier; two taught me to make the number larger."
        ),
        declaration=Declaration("Noto Sans, SIL Open Font License 1.1.", "All pictures and pictograms are my own. Coastline traced from the material pack.",
                                "I used a language model to check my Japanese labels; a native speaker corrected them."),
        credit="Adaeze Nwosu, Team Halyard, Lagos", category="phone", locale="en", sent_minutes=1_900, revisions=3,
        names="number", formats=("png",), pdf_pages=5,
    ),
    Entry(
        key="kamome", contest="ferry-app", person="nakano", title="かもめ", title_latin="Kamome",
        line=both("Three ways across the bay as ribbons in the dark: how far on foot, how long by boat, when you arrive.",
                  "湾を渡る3つの道を、夜の画面に浮かぶ帯で。歩く、乗る、着くが、ひと目で比べられます。"),
        statement=(
            "島で育ち、朝いちばんの船で通学していました。冬の桟橋は、まだ夜です。明るい画面は目を刺し、手袋をした指では小さな文字を選べません。"
            "そこで、暗い桟橋で使うことから考えはじめました。行き方は文章ではなく帯で示します。帯の長さがそのまま時間です。歩く、電車、船の3色には、"
            "必ず絵記号を添えました。桟橋の表示板も同じ帯で、遠くからでも次の1行だけが光ります。色覚の異なる3人と、80代の祖父に見てもらい、"
            "橙と青緑の明るさの差を広げました。欠航のときは、帯が消えるのではなく、空の輪に変わります。なくなったことも、情報だからです。"
        ),
        declaration=Declaration("源ノ角ゴシック（SIL OFL 1.1）。", "写真、絵記号はすべて自作です。", "AIは使っていません。"),
        credit="中野 未来（仙台市）", category="pier", locale="ja", sent_minutes=640, revisions=2, names="japanese", formats=("png", "webp"), pdf_pages=3,
    ),
    Entry(
        key="four-boats", contest="ferry-app", person="brandt", title="Four Boats, Five Trams", title_latin="Four Boats, Five Trams",
        line=both("A diagram that treats a boat like a tram, so that the bay becomes a part of the city’s network.",
                  "船を電車と同じように描き、湾を街の路線網の一部にする路線図です。"),
        statement=(
            "Nobody asks which rail a tram uses. People ask which line, which direction, how long. The ferries of Shiosaki have names of "
            "boats and numbers of piers, but no lines. I gave each crossing a number and a colour, and drew it together with the trams, "
            "at right angles and at forty-five degrees. On the phone the diagram folds into one vertical band with your stop marked in "
            "black. On the pier it hangs as a poster of one square metre, which can be printed by the bureau in one colour less if money "
            "is short. All lines keep their number when colours cannot be told apart. The smallest type on the poster is fourteen "
            "millimetres high, legible from four metres. Delays are shown on the band, never on the diagram: a map must not blink."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "The diagram is drawn from the timetable data of the pack.", "No AI was used."),
        credit="Matteo Brandt, Graz", category="pier", locale="en", sent_minutes=9_000, revisions=1, names="plain", formats=("svg", "png"), pdf_pages=4,
    ),
    Entry(
        key="eyes-up", contest="ferry-app", person="mokoena", title="Eyes Up", title_latin="Eyes Up",
        line=both("The largest type that fits: one fact on a screen, read while walking, with the head up.",
                  "画面に入る最大の文字で、1画面に1つの情報。顔を上げて、歩きながら読めます。"),
        statement=(
            "My aunt sees light, shapes and letters of three centimetres. She travels alone every day. She does not need a special app; "
            "she needs an app that stops whispering. Eyes Up shows one fact on a screen: the time, the pier, the place. Type grows until "
            "the word fills the width. There are three colours on black, and each has a contrast of at least eleven to one. The menu is "
            "four blocks, so large that a thumb cannot miss, and each block is read aloud when it is touched. Nothing is hidden behind a "
            "long press or a swipe. This is still a draft: I want to add the ticket, and the state when a boat is cancelled, before I "
            "hand it in."
        ),
        declaration=Declaration("Noto Sans Bold, SIL OFL 1.1.", "Pictograms are my own.", "No AI was used."),
        credit="Thandi Mokoena, Durban", category="phone", locale="en", state="draft", revisions=0, names="final", formats=("png",), pdf_pages=0, source=False,
    ),
)  # fmt: skip

WASTE_ENTRIES = (
    Entry(
        key="nine-bins", contest="sorting-guide", person="falcao", title="Nine Bins", title_latin="Nine Bins",
        line=both("Nine round signs, one for each common kind, that look the same on the phone, on the bag and on the wall.",
                  "よく出る9種類に丸い記号を1つずつ。スマートフォンでも、袋でも、壁でも、同じ顔をしています。"),
        statement=(
            "Words for rubbish do not travel. “Burnable” means nothing to people whose town burns everything or nothing. A picture of "
            "the thing itself travels well. Nine Bins is a system of nine round signs, drawn on one grid, solid enough to be cut from "
            "foil or sewn on cloth. The same sign stands on the calendar, on the bag and at the collection point, so that sorting becomes "
            "matching. Sums of signs explain the steps: bottle plus cap, then the crate. Colours are soft and always the same, but the "
            "shape alone is enough; I tested the set in grey and at six metres. A sheet to point at helps two neighbours talk who share "
            "no language. Three rare kinds complete the set as a second poster."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "All signs are our own, offered under CC BY 4.0.", "No AI was used."),
        credit="Studio Marea, Porto", category="print", locale="en", sent_minutes=2_950, revisions=2, names="kebab", formats=("svg", "png"), pdf_pages=4,
    ),
    Entry(
        key="what-day", contest="sorting-guide", person="ishii", title="今日は、何の日", title_latin="What Day Is It",
        line=both("A picture of your own street each morning: the bags that stand there are the bags of the day.",
                  "毎朝、自分の町の絵が届きます。道に置かれた袋が、その日に出す袋です。"),
        statement=(
            "ごみの日は、暦の行事に似ています。月曜は赤い袋、火曜は黄色い袋。けれど、表を読んで覚えた曜日はすぐに忘れます。"
            "朝の景色として覚えたものは、なかなか忘れません。そこで、毎朝1枚の絵を届けることにしました。海へ下る道、置場、猫。"
            "道に置かれた袋の色と数が、その日に出すものです。前の晩には月が出て、次の日の袋を教えます。分け方に迷ったら、絵の中の物に触れると、"
            "洗う、つぶす、という手順が短いことばで開きます。絵は12種類の部品を組み合わせて作るので、職員2人でも町ごとの景色を増やせます。"
            "しかる貼り紙の代わりに、朝の便りを届けたいと考えました。"
        ),
        declaration=Declaration("源ノ角ゴシック（SIL OFL 1.1）。", "絵はすべて自分で描きました。", "下描きの配色案を10枚出すためにAIを使い、採用した絵には使っていません。"),
        credit="石井 蓮（高松市）", category="app", locale="ja", sent_minutes=412, revisions=4, names="japanese", formats=("png",), pdf_pages=5,
    ),
    Entry(
        key="eight-oclock", contest="sorting-guide", person="osei", title="Eight O’Clock", title_latin="Eight O'Clock",
        line=both("A clock that knows the lorry: the day is a ring, and the yellow part is the time to carry the bag down.",
                  "収集車の時刻を知っている時計です。1日を輪で示し、黄色い部分が袋を出す時間です。"),
        statement=(
            "Most mistakes in Shiosaki are not about kinds. The pack says that six bags in ten with a sticker were right, but late. So I "
            "did not design a dictionary; I designed a clock. The day is a ring with five parts: sleep, put it out, the lorry comes, rinse "
            "and dry, sort for tomorrow. A white hand moves through it. In the yellow part there is one question on the screen: have you "
            "carried it down? The month shows one sign for each day and a cross where there is no collection. The reminder is set once, on "
            "a clock face, because everyone in the house can read it from the other side of the kitchen. Without a phone, the ring can be "
            "printed and hung beside the door."
        ),
        declaration=Declaration("Noto Serif and Noto Sans, SIL OFL 1.1.", "All drawings are my own.", "I used an assistant to write the code of the prototype."),
        credit="Kwame Osei, Accra", category="app", locale="en", sent_minutes=95, revisions=3, names="number", formats=("png", "jpeg"), pdf_pages=4,
    ),
    Entry(
        key="sort-swipe", contest="sorting-guide", person="yildirim", title="Sort It, Swipe It", title_latin="Sort It, Swipe It",
        line=both("Yes or no, card by card: at most four questions lead to the right bag.",
                  "はい、いいえ、とカードをめくるだけ。多くても4つの質問で、正しい袋に届きます。"),
        statement=(
            "When I moved to another country I carried a yoghurt cup around the kitchen for three days. I did not know its word, so I could "
            "not search for it. Sort It, Swipe It asks instead. Is it soft? Is it dry? Is it larger than your hand? Each question is one "
            "card with one large picture, and a swipe or a press on a big round button answers it. Four cards are enough for every one of "
            "the twelve kinds; I drew the whole tree and counted. The answer is a card that can be kept in a deck, and the deck of the "
            "week lies on the first screen. Children understood it as a game at once. My neighbours, both over seventy, preferred the "
            "buttons to the swipe, so the buttons are always there."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "Pictograms are my own.", "No AI was used."),
        credit="Emre Yıldırım, İzmir", category="app", locale="en", sent_minutes=1_440, revisions=1, names="plain", formats=("jpeg",), pdf_pages=3,
    ),
    Entry(
        key="a-to-z", contest="sorting-guide", person="llewellyn", title="From A to Z", title_latin="From A to Z",
        line=both("A quiet book of 412 things, from battery to umbrella, that answers in one line and works without a screen too.",
                  "電池から傘まで412の物の、静かな事典です。答えは1行で、画面がなくても読めます。"),
        statement=(
            "A dictionary is the oldest tool that says: you hold a thing, here is its place. I made one for Shiosaki. It has 412 entries, "
            "each of them one line long: the thing, the day, one act. It is set in a serif face with much air, because people read it in "
            "poor light, beside the bin. Words that newcomers use come first, not words of the office: “pizza box”, “broken cup”, “old "
            "phone”. The search accepts four languages and forgives spelling. On the phone it is a list without pictures, small and quick "
            "to load. On paper it is a booklet of sixteen pages that the ward office can print on its own machine. Every line comes from one "
            "table, so a change of rules is made once."
        ),
        declaration=Declaration("Noto Serif, SIL OFL 1.1.", "The list of things was written by me from the city’s leaflet.", "No AI was used."),
        credit="Siân Llewellyn, Aberystwyth", category="print", locale="en", sent_minutes=4_310, revisions=2, names="plain", formats=("png",), pdf_pages=4,
    ),
    Entry(
        key="this-one-where", contest="sorting-guide", person="delacruz", title="This One, Where?", title_latin="This One, Where?",
        line=both("A short conversation and a look through the camera: even a pizza box has two answers.",
                  "短い会話と、カメラごしのひと目で。ピザの箱にも、答えは2つあります。"),
        statement=(
            "In my building we shout the question down the stairs: this one, where? Someone always knows. This design is that "
            "neighbour. You write, speak or show a thing to the camera, and it answers in one or two short sentences. It does not guess in "
            "silence: when a thing has two parts, it draws a frame around each of them and names both, as with a pizza box whose lid is "
            "paper and whose base is not. When it does not know, it says so and asks what the thing is made of, with four large pictures. "
            "Answers can be saved as reminders. I kept the model small: the 300 most frequent things are recognised on the phone, without "
            "a network, and no picture leaves it."
        ),
        declaration=Declaration("Noto Sans, SIL OFL 1.1.", "Photographs were not used; the camera view is drawn.", "The idea needs an image model at run time. The drawings were made without AI."),
        credit="Jomar dela Cruz, Quezon City", category="app", locale="en", sent_minutes=17, revisions=5, names="shot", formats=("webp", "png"), pdf_pages=3,
    ),
    Entry(
        key="wakeru", contest="sorting-guide", person="chen", title="分ける", title_latin="Wakeru",
        line=both("Six paper strips for six days, read from right to left like the menu of a small restaurant.",
                  "6日分の紙の短冊を、食堂の品書きのように右から左へ読みます。"),
        statement=(
            "日本に来て最初に覚えたことばは、食堂の壁の品書きでした。縦に並ぶ短冊は、読めなくても数えられ、場所で覚えられます。"
            "この作品では、1週間を6本の短冊にしました。右端が月曜、次に出す日の短冊だけに色がつきます。下の小さな文字は、出す時刻です。"
            "紙でも画面でも同じ姿なので、台所に貼った紙で覚え、外ではスマートフォンで確かめられます。手順は一、二、三、四と番号をつけ、足元に絵記号を置きました。"
            "葉の絵は、季節ごとに描き替えます。分けることは、こわいことでも、ただの決まりでもなく、季節のしつらえの1つだと感じてもらえたらと思います。"
        ),
        declaration=Declaration("源ノ明朝（SIL OFL 1.1）。", "葉の絵は自分で描きました。", "日本語の文章の確認にAIを使いました。"),
        credit="陳 怡君（台北）", category="print", locale="ja", sent_minutes=730, revisions=2, names="japanese", formats=("png", "webp"), pdf_pages=3,
    ),
    Entry(
        key="yellow-tuesday", contest="sorting-guide", person="lind", title="Yellow on Tuesday", title_latin="Yellow on Tuesday",
        line=both("The colour of the bag fills the whole screen: you know the day before you have read a word.",
                  "袋の色が画面いっぱいに広がります。ことばを読む前に、今日が分かります。"),
        statement=(
            "The city already has a language of four colours: the red bag, the yellow bag, the blue crate, and white paper tied with string. "
            "Nobody told the newcomers. Yellow on Tuesday does nothing but speak this language, very loudly. On Tuesday the phone is yellow. "
            "On Friday it is blue. The hour, the bag and the place stand in the largest letters that fit, so that the screen can be read "
            "from the other end of the kitchen, or through a fogged window. The week is six bands of colour. One can choose the size of the "
            "letters, and have them read aloud. There is no search: for the rare things, the screen shows the number of a person at the "
            "ward office who knows, and who told me that she likes to be asked."
        ),
        declaration=Declaration("Noto Sans Bold, SIL OFL 1.1.", "Pictograms are my own.", "No AI was used."),
        credit="Oskar Lind, Malmö", category="app", locale="en", sent_minutes=5_200, revisions=1, names="final", formats=("png",), pdf_pages=0,
    ),
)  # fmt: skip
