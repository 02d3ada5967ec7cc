"""What the judges look at: four criteria for each contest, and one sentence for every level."""

from __future__ import annotations

from contest.demo.content_shapes import Criterion, Text, both


def _levels(*pairs: tuple[str, str]) -> tuple[Text, ...]:
    return tuple(both(en, ja) for en, ja in pairs)


FERRY_RUBRIC = (
    Criterion(
        "legible", both("Legible to all", "だれもが読める"),
        both("Can it be read in sun and wind, with weak sight, in a second language?", "日差しや風の中でも、弱視の方にも、母語でない方にも読めるか。"), 350,
        _levels(
            ("Text or contrast fails for many readers.", "文字や明るさの差が十分でなく、多くの人には読みにくい。"),
            ("It is read indoors, but not in the sun or with weak sight.", "室内では読めるが、日差しの中や弱視の方には難しい。"),
            ("Most people read it; one group is left out.", "ほとんどの人が読めるが、読めない人が残る。"),
            ("Nearly everyone reads it; only small notes need effort.", "ほぼだれもが読め、小さな注記だけが少し読みにくい。"),
            ("Everyone reads it at arm’s length, at once.", "腕を伸ばした距離で、だれもがすぐに読める。"),
        ),
    ),
    Criterion(
        "journey", both("Clear journey", "迷わない"),
        both("Does a first-time rider reach the right pier on time?", "はじめての人が、正しい桟橋に間に合うか。"), 300,
        _levels(
            ("The next step has to be guessed.", "次にすることを推測しなければならない。"),
            ("The next step can be found by trying.", "試してみれば、次にすることが見つかる。"),
            ("The main path is clear; changes and delays are not.", "主な道筋は明快だが、乗換や遅れは分かりにくい。"),
            ("The path is clear, also with a delay; one step needs a second look.", "遅れがあっても道筋は明快だが、読み直しが必要な箇所が1つある。"),
            ("Each screen says the one next thing, also when plans change.", "予定が変わっても、どの画面も次の1つを示す。"),
        ),
    ),
    Criterion(
        "service", both("Fit for the service", "事業に合う"),
        both("Could the bureau run it with its boats, crews and data?", "今の船、乗組員、データで運用できるか。"), 200,
        _levels(
            ("It needs what the bureau does not have.", "局にないものを前提としている。"),
            ("It needs large changes to the service.", "事業を大きく変える必要がある。"),
            ("It works after small changes to the service.", "事業を少し変えれば運用できる。"),
            ("It works with today’s data; one thing is left to agree.", "今のデータで動くが、1か所だけ調整が必要である。"),
            ("It works with today’s data and makes the crew’s day easier.", "今のデータで動き、乗組員の仕事も楽になる。"),
        ),
    ),
    Criterion(
        "handover", both("Craft for hand-over", "引き継げる"),
        both("Could another team build it from the files alone?", "別のチームが、ファイルだけで作れるか。"), 150,
        _levels(
            ("Pictures only.", "画像のみ。"),
            ("Editable files, without order.", "編集できるが、整理されていない。"),
            ("Ordered files; some states are missing.", "整理されているが、一部の状態がない。"),
            ("All states are there; names or licences are incomplete.", "全状態があるが、名前や利用許諾に不足がある。"),
            ("Named parts, all states, tokens and licences.", "部品名、全状態、トークン、利用許諾がそろう。"),
        ),
    ),
)  # fmt: skip

SHELTER_RUBRIC = (
    Criterion(
        "clear", both("Clear in ten seconds", "10秒で分かる"),
        both("Does a frightened person know within ten seconds what to do?", "不安の中でも、10秒で何をするか分かるか。"), 350,
        _levels(
            ("The first step has to be searched for.", "最初の行動を探さなければならない。"),
            ("The first step is there, but other things compete with it.", "最初の行動はあるが、ほかの情報に埋もれている。"),
            ("The first step is clear; what follows needs a second look.", "最初の行動は明快だが、その次は読み直しがいる。"),
            ("One look is enough, also for what follows.", "ひと目で、その次の行動まで分かる。"),
        ),
    ),
    Criterion(
        "robust", both("Works when things fail", "非常時にも使える"),
        both("Does it work without a network, with a low battery, with shaking hands?", "電波がなく、電池が少なく、手が震えていても使えるか。"), 300,
        _levels(
            ("It needs a network and a steady hand.", "電波がないときや、手が震えるときは使えない。"),
            ("It opens without a network, but shows old facts as if they were new.", "電波なしで開くが、古い情報を新しいもののように見せる。"),
            ("It works without a network and says how old each fact is.", "電波なしで動き、いつの情報かも示す。"),
            ("It works without a network, saves the battery and forgives wrong taps.", "電波なしで動き、電池を節約し、押し間違いも許す。"),
        ),
    ),
    Criterion(
        "everyone", both("For everyone who is here", "ここにいるすべての人へ"),
        both("Can people use it who read no Japanese, see little, or came yesterday?", "日本語が読めない人、見えにくい人、昨日来た人にも使えるか。"), 200,
        _levels(
            ("It serves one language or one group only.", "1つの言語、1つの集団だけを想定している。"),
            ("It has several languages, but hard words or unclear signs.", "言語は複数あるが、ことばが難しいか、絵記号が分かりにくい。"),
            ("Plain words and clear signs; one group still needs help.", "やさしいことばと明快な絵記号だが、まだ助けのいる人がいる。"),
            ("Plain words, signs and sound lead everyone to the same place.", "ことば、絵記号、音によって、だれもが同じ場所へたどり着ける。"),
        ),
    ),
    Criterion(
        "city", both("Fit for the city", "市で運用できる"),
        both("Can the city run it with its data, its staff and its drills?", "市のデータ、職員、訓練で運用できるか。"), 150,
        _levels(
            ("It needs data or staff that the city does not have.", "市にないデータや職員を必要とする。"),
            ("It could run after large changes.", "大きく変えれば運用できる。"),
            ("It could run after small changes.", "少し変えれば運用できる。"),
            ("It runs with today’s data and makes the yearly drill better.", "今のデータで動き、毎年の訓練もよくなる。"),
        ),
    ),
)  # fmt: skip

WASTE_RUBRIC = (
    Criterion(
        "answer", both("Finds the answer", "答えにたどり着く"),
        both("Does a newcomer with a thing in the hand find its day and its bag?", "物を手にした新しい住民が、曜日と袋にたどり着けるか。"), 300,
        _levels(
            ("There is no way to the answer.", "答えへの道筋がない。"),
            ("The answer is there for a few things only.", "一部の物にしか答えがない。"),
            ("The answer is found by people who know the city’s words.", "市の用語を知っている人だけが見つけられる。"),
            ("Common things are found; doubtful ones are not.", "よくある物は見つかるが、迷う物は見つからない。"),
            ("Most things are found within half a minute.", "ほとんどの物が30秒以内に見つかる。"),
            ("Doubtful things are found too, with a reason.", "迷う物も、理由とともに見つかる。"),
            ("Everything is found in a few seconds, from any starting point.", "どこから始めても、すべて数秒で見つかる。"),
        ),
    ),
    Criterion(
        "habit", both("Becomes a habit", "習慣になる"),
        both("Does it still help after the first month?", "最初のひと月を過ぎても役に立つか。"), 300,
        _levels(
            ("It is used once.", "一度使って終わりである。"),
            ("It is used while the rules are new.", "決まりが新しいうちだけ使う。"),
            ("It reminds, but at the wrong moment.", "知らせてはくれるが、知らせる時が合っていない。"),
            ("It reminds at a useful moment.", "役に立つ時に知らせる。"),
            ("It fits the week of most people.", "多くの人の1週間に合う。"),
            ("It adapts to one’s own week and place.", "自分の1週間と地域に合わせられる。"),
            ("It is missed when it is away.", "ないと困るほどになじむ。"),
        ),
    ),
    Criterion(
        "words", both("Words and pictures", "ことばと絵"),
        both("Are words plain and pictures true for people from anywhere?", "どこから来た人にも、ことばはやさしく、絵は正確か。"), 200,
        _levels(
            ("Words and pictures mislead.", "ことばや絵が誤解を招く。"),
            ("Many words are official language.", "役所のことばが多い。"),
            ("Plain words, but pictures that do not help.", "ことばはやさしいが、絵が助けになっていない。"),
            ("Words and pictures agree.", "ことばと絵が合っている。"),
            ("Pictures alone explain most kinds.", "ほとんどの種類は、絵だけで分かる。"),
            ("Words, pictures and colours work together, also for weak sight.", "ことば、絵、色が支え合い、見えにくい人にも届く。"),
            ("One would keep it on the wall for its looks.", "壁に飾っておきたくなる。"),
        ),
    ),
    Criterion(
        "build", both("Can be built", "作れる"),
        both("Could the bureau build and keep it with two people?", "環境局が2人で作り、続けられるか。"), 200,
        _levels(
            ("It cannot be built.", "作ることができない。"),
            ("It needs research first.", "まず研究が必要である。"),
            ("It needs more people than there are.", "今より多くの人手がいる。"),
            ("It can be built in parts.", "部分的に作れる。"),
            ("It can be built; upkeep is heavy.", "作れるが、続ける手間が大きい。"),
            ("It can be built and kept with care.", "作ることができ、工夫すれば続けられる。"),
            ("It can be built this year and nearly keeps itself.", "今年作ることができ、ほとんど手がかからない。"),
        ),
    ),
)  # fmt: skip
