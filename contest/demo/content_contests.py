"""Three contests of one fictional city: open, in judging, and published."""

from __future__ import annotations

from contest.demo.content_rubrics import FERRY_RUBRIC, SHELTER_RUBRIC, WASTE_RUBRIC
from contest.demo.content_shapes import (
    Category,
    Contest,
    Deliverable,
    Moment,
    Prize,
    Schedule,
    Text,
    both,
    paragraphs,
)

MB = 1_000_000
IMAGES = ("png", "jpeg", "webp", "svg")


def _terms(body: tuple[str, str], ties: tuple[str, str], *more: tuple[str, str]) -> Text:
    """The house rules, with what one contest adds."""
    return paragraphs(
        ("Who may enter. Anyone of 18 years or more, alone or in a team of up to five people, from any country.",
         "応募できる方：18歳以上の個人、または5人までのチームです。国籍と居住地は問いません。"),
        ("How often. One person or team may hand in one entry.",
         "応募の数：1人または1チームにつき、1作品まで応募できます。"),
        ("Language. English, Japanese or both. The language of an entry has no influence on its score.",
         "使用言語：英語、日本語のどちらでも、両方でもかまいません。使用言語は採点に影響しません。"),
        ("Rights. You keep all rights in your work. Winners license the design to the city under CC BY 4.0.",
         "権利：作品の権利はすべて応募者に残ります。受賞作品は、CC BY 4.0で市に利用を許諾していただきます。"),
        ("Work of others. Fonts, pictures and parts made by others are allowed if you declare them and have a licence for this use.",
         "第三者の素材：書体、画像、部品は、申告があり、この用途の利用許諾を得ていれば使えます。"),
        ("Use of AI. It is allowed if you say where and how you used it. The decisions in the design must be yours.",
         "AIの利用：どこで、どのように使ったかを申告すれば利用できます。デザインの判断は、応募者自身が行ってください。"),
        ("Blind judging. Judges see your work without your name. Do not put names, logos or links to your site into the files.",
         "匿名審査：審査員には応募者の名前を表示しません。ファイルに氏名、ロゴ、ご自身のサイトへのリンクを入れないでください。"),
        ("Deadline. The clock of the server decides. An upload that began before the close may finish within 30 minutes.",
         "締切：サーバーの時計で判定します。締切前に始めたアップロードは、30分以内なら完了できます。"),
        ties,
        *more,
        ("Personal data. We use your data to run this contest, and delete it one year after the winners are announced. " + body[0],
         "個人情報：応募者の情報は、コンテストの運営にのみ使い、受賞作品の公表から1年後に削除します。" + body[1]),
    )  # fmt: skip


_TIES = (
    ("Ties. A tie is decided by the first criterion, then by the jury in writing.",
     "同点：審査基準1の点で決め、それでも同じ場合は審査員が文書で決めます。"),
    ("Ties. Entries with the same result share their rank. The jury decides in writing only where one prize is left for two.",
     "同点：同じ結果の作品は同じ順位とします。1つの賞に2つの作品が並んだ場合に限り、審査員が文書で決めます。"),
)  # fmt: skip


def _slots(screens_hint: tuple[str, str], pdf_required: bool, most_screens: int) -> tuple[Deliverable, ...]:
    return (
        Deliverable("screens", both("Screens", "画面"), both(*screens_hint), True, IMAGES, 20 * MB, most_screens),
        Deliverable(
            "presentation", both("Presentation", "説明資料"),
            both("3 to 5 pages, A4 across, that explain the idea and one journey.", "考え方と1つの利用場面を説明する、A4横3〜5ページの資料。"),
            pdf_required, ("pdf",), 30 * MB, 1,
        ),
        Deliverable(
            "source", both("Source package", "ソース一式"),
            both("Editable files, tokens and the licences of your fonts.", "編集できるファイル、トークン、書体の利用許諾。"),
            False, ("zip",), 500 * MB, 1,
        ),
    )  # fmt: skip


FERRY = Contest(
    slug="ferry-app",
    state="open",
    subject="ferry",
    host=both("Shiosaki City Transport Bureau", "汐崎市交通局"),
    title=both("A ferry app that anyone can read", "だれもが読める渡船アプリ"),
    summary=both(
        "Design the screens with which residents and visitors find, board and pay for the four ferries of Shiosaki Bay, in wind, in a hurry, and in a language that is not theirs.",
        "風の強い日も、急いでいるときも、日本語が分からなくても、汐崎湾の4つの渡船をだれもが探し、乗り、支払える画面をデザインしてください。",
    ),
    brief=paragraphs(
        ("Four ferries cross Shiosaki Bay, from six piers, 62,000 times a month. For the people of the islands they are the way to school, to the doctor and to the fish market. For visitors they are often the first thing they see of us.",
         "汐崎湾では、4つの渡船が6つの桟橋を結び、月に6万2千回利用されています。島に住む人にとっては学校や病院や魚市場への道であり、訪れる人にとっては、この街で最初に出会うものでもあります。"),
        ("One trip in three begins at the wrong pier. The timetable is a sheet of 214 numbers, the piers are numbered in two ways, and a delay is announced once, by loudspeaker, in Japanese.",
         "ところが、利用の3回に1回は、違う桟橋に行くことから始まります。時刻表は214個の数字が並ぶ1枚の紙で、桟橋の番号は2通りあり、遅れは日本語で一度だけ放送されます。"),
        ("We ask for the screens of an app that anyone can read: in the sun, with one free hand, with weak sight, in a second language. It shows the next boat, the way to the pier, a delay, and a ticket. You may also design the display that stands on the pier.",
         "求めるのは、だれもが読めるアプリの画面です。日差しの中でも、片手がふさがっていても、弱視の方にも、母語でない方にも。次の便、桟橋までの道、遅れ、きっぷを示してください。桟橋に置く表示板を合わせて提案してもかまいません。"),
        ("The boats, the crews and the data stay as they are. The material pack holds the timetables of all routes, a plan of each pier and photographs of the ramps at low and at high water.",
         "船、乗組員、データは今のままです。資料には全航路の時刻表、各桟橋の平面図、満潮時と干潮時のスロープの写真が入っています。"),
    ),
    terms=_terms(("Questions: Transport Bureau, App Team.", "お問い合わせは交通局アプリチームまで。"), _TIES[0],
                 ("What is built. The first prize is built by the bureau and sails in spring. You may take part in the work, for a fee.",
                  "実装：最優秀賞の作品は交通局が実装し、春に公開します。希望する方は、有償で参加できます。")),
    categories=(
        Category("phone", both("Phone app", "スマートフォンアプリ")),
        Category("pier", both("Pier display and signs", "桟橋の表示と案内")),
    ),
    deliverables=_slots(("One journey in 3 to 8 screens, 390 or 1,280 px wide.", "1つの利用場面を示す画面3〜8枚。幅は390または1,280 px。"), False, 8),
    scale_points=5,
    rubric=FERRY_RUBRIC,
    prizes=(
        Prize("first", both("First prize", "最優秀賞"), both("¥1,200,000", "1,200,000円"), 1, 1,
              both("{title} lets a stranger find the right pier without asking. The jury saw one idea, kept on every screen.",
                   "「{title}」は、はじめての人が尋ねずに正しい桟橋へ着ける作品です。1つの考えが、どの画面にも貫かれています。")),
        Prize("second", both("Second prize", "優秀賞"), both("¥400,000", "400,000円"), 2, 2,
              both("{title} solves one part of the journey better than any other entry.",
                   "「{title}」は、利用場面の1つをどの作品よりもよく解決しています。")),
        Prize("mention", both("Mention", "佳作"), both("¥80,000", "80,000円"), 5, 3,
              both("{title} contains a thought that the bureau will keep.", "「{title}」には、交通局が大切にしたい発想があります。")),
    ),
    schedule=Schedule(
        announced=Moment(-52), opens=Moment(-45), closes=Moment(12, "23:59:59"),
        judging_opens=Moment(15), judging_closes=Moment(28, "18:00:00"), winners=Moment(32, "11:00:00"),
    ),
    judges=("judge-aoki", "judge-fujita", "judge-bello", "judge-duarte", "judge-grant", "judge-holm"),
    chair="judge-mori",
    organisers=("staff-okada", "staff-reyes"),
    publishers=("staff-hayashi",),
)  # fmt: skip

SHELTER = Contest(
    slug="safe-place",
    state="judging",
    subject="shelter",
    host=both("Shiosaki City Crisis Management Office", "汐崎市危機管理課"),
    title=both("A safe place in six minutes", "6分で、安全な場所へ"),
    summary=both(
        "Design an app that leads people who read little Japanese to a safe place after an earthquake, when the network is weak and nobody has time to explain.",
        "地震のあと、電波が弱く、だれにも説明する余裕がないとき、日本語をあまり読めない人を安全な場所へ導くアプリをデザインしてください。",
    ),
    brief=paragraphs(
        ("About 9,400 of the 118,000 people in Shiosaki have another nationality. They speak 31 languages. After a strong earthquake, a tsunami can reach the harbour in 14 minutes; most homes near the harbour are six minutes on foot from high ground.",
         "汐崎市の人口11万8千人のうち、およそ9,400人が外国籍で、31の言語が話されています。強い地震のあと、津波は14分で港に届くおそれがあります。港の近くの家の多くは、高台まで歩いて6分です。"),
        ("In the drill of last spring, people with little Japanese took 17 minutes. They did not lack will; they lacked words. Signs said “refuge” in four ways, and the city’s message was 600 characters long.",
         "去年の春の訓練では、日本語の苦手な人は17分かかりました。足りなかったのは意志ではなく、ことばです。「避難」を表す看板の英語は4通りあり、市からのお知らせは600文字ありました。"),
        ("We look for an app that says one thing at a time. It must work without a network, with a low battery, and for hands that shake. It shows where to go, what to take, and how to say “I am safe”. Entries may also think of the people at the desk of the shelter.",
         "求めるのは、一度に1つのことだけを伝えるアプリです。電波がなくても、電池が少なくても、手が震えていても使えること。どこへ行くか、何を持つか、「無事です」とどう伝えるかを示してください。避難所の受付で働く人のための提案も歓迎します。"),
        ("Please use plain words, and signs that a person of any age can guess. The pack holds heights of all streets, the list of shelters and the phrases that were needed most often in the last drill.",
         "やさしいことばと、年齢を問わず分かる絵記号を使ってください。資料には、すべての道の海抜、避難所の一覧、前回の訓練でよく使われた言い回しが入っています。"),
    ),
    terms=_terms(("Questions: Crisis Management Office.", "お問い合わせは危機管理課まで。"), _TIES[0],
                 ("Safety. Nothing in an entry may be used in a real emergency before the city has tested it.",
                  "安全：市が確かめる前に、作品の内容を実際の災害で使うことはできません。")),
    categories=(
        Category("resident", both("For people on the move", "避難する人のために")),
        Category("staff", both("For the people who help", "支える人のために")),
    ),
    deliverables=(
        *_slots(("Three to eight screens from the first alarm to “I am safe”.", "最初の警報から「無事です」まで、3〜8枚の画面。"), True, 8),
        Deliverable(
            "film", both("Film", "動画"),
            both("Up to one minute of the screens in use, without voices.", "画面を使う様子を1分以内で。声は入れないでください。"),
            False, ("mp4", "webm"), 100 * MB, 1,
        ),
    ),
    scale_points=4,
    rubric=SHELTER_RUBRIC,
    prizes=(
        Prize("first", both("Grand prize", "大賞"), both("¥1,000,000", "1,000,000円"), 1, 1,
              both("{title} says the one thing that matters, first. The jury would give it to a neighbour today.",
                   "「{title}」は、いちばん大事なことを最初に伝えます。審査員は、今日にでも近所の人に渡したいと考えました。")),
        Prize("second", both("Excellence", "優秀賞"), both("¥300,000", "300,000円"), 3, 2,
              both("{title} helps where other entries stop.", "「{title}」は、ほかの作品が届かないところで人を助けます。")),
        Prize("drill", both("Drill prize", "訓練賞"), both("A trial in the spring drill", "春の訓練での試用"), 1, 3,
              both("{title} will be tried by 200 people in the spring drill.", "「{title}」は、春の訓練で200人に試していただきます。")),
    ),
    schedule=Schedule(
        announced=Moment(-78), opens=Moment(-70), closes=Moment(-9, "23:59:59"),
        judging_opens=Moment(-6), judging_closes=Moment(8, "18:00:00"), winners=Moment(14, "11:00:00"),
    ),
    judges=("judge-aoki", "judge-bello", "judge-duarte", "judge-fujita"),
    chair="judge-mori",
    organisers=("staff-okada", "staff-reyes"),
    publishers=("staff-hayashi",),
)  # fmt: skip

WASTE = Contest(
    slug="sorting-guide",
    state="published",
    subject="waste",
    host=both("Shiosaki City Environment Bureau", "汐崎市環境局"),
    title=both("What goes out today?", "今日は、何を出す日？"),
    summary=both(
        "Design a guide with which people who are new in Shiosaki sort their rubbish correctly from the first week, and still like it after a year.",
        "汐崎に来たばかりの人が、最初の週からごみを正しく分けられ、1年後も使いたくなるガイドをデザインしてください。",
    ),
    brief=paragraphs(
        ("Shiosaki sorts rubbish into twelve kinds. Each kind has its day, its bag and its place. A newcomer gets a sheet of A3 paper with 340 words, in Japanese, and a yellow sticker on the bag when something is wrong.",
         "汐崎では、ごみを12種類に分けます。種類ごとに、曜日、袋、場所が決まっています。引っ越してきた人が受け取るのは、日本語で340語のA3の紙1枚。間違えると、袋に黄色いシールが貼られます。"),
        ("The sticker is the most frequent first letter from the city. We would like the first letter to be a kind one.",
         "このシールが、市から届く最初の便りになることが少なくありません。最初の便りは、やさしいものでありたいと考えています。"),
        ("Design a guide that answers three questions: what is this, which day, and what do I do before? It may be an app, a page or a sign at the collection point. It should work for someone who has the thing in the hand and the shoes already on.",
         "「これは何？」「何曜日？」「出す前に何をする？」の3つに答えるガイドをデザインしてください。アプリでも、ページでも、置場の掲示でもかまいません。物を手に持ち、もう靴をはいている人が使えることを大切にしてください。"),
    ),
    terms=_terms(("Questions: Environment Bureau.", "お問い合わせは環境局まで。"), _TIES[1]),
    categories=(
        Category("app", both("App or page", "アプリ・ページ")),
        Category("print", both("Signs and print", "掲示・印刷物")),
    ),
    deliverables=_slots(("Three to six screens or sheets, one of them the answer to “which day?”.", "3〜6枚の画面または紙面。1枚は「何曜日？」の答えとしてください。"), False, 6),
    scale_points=7,
    rubric=WASTE_RUBRIC,
    prizes=(
        Prize("first", both("First prize", "最優秀賞"), both("¥600,000", "600,000円"), 1, 1,
              both("{title} makes the morning lighter and gives the answer before it is looked for.",
                   "「{title}」は、朝を楽にし、探す前に答えを見せてくれる作品です。")),
        Prize("second", both("Second prize", "優秀賞"), both("¥200,000", "200,000円"), 2, 2,
              both("{title} gives the right answer by the shortest way.", "「{title}」なら、正しい答えに最短でたどり着けます。")),
        Prize("mention", both("Mention", "佳作"), both("¥50,000", "50,000円"), 3, 3,
              both("{title} has a part that the city will learn from.", "「{title}」には、市が学びたい部分があります。")),
    ),
    schedule=Schedule(
        announced=Moment(-160), opens=Moment(-150), closes=Moment(-92, "23:59:59"),
        judging_opens=Moment(-88), judging_closes=Moment(-74, "18:00:00"), winners=Moment(-60, "11:00:00"),
    ),
    judges=("judge-mori", "judge-grant", "judge-holm", "judge-bello", "judge-duarte"),
    chair="judge-aoki",
    organisers=("staff-okada", "staff-reyes"),
    publishers=("staff-hayashi",),
    # One judge is strict and saw only some of the entries; two entries tie exactly, whatever is taken out.
    method="additive",
    judges_per_entry=3,
)  # fmt: skip

CONTESTS = (FERRY, SHELTER, WASTE)
