"""What the judges wrote: complete for the published contest, half done for the one in judging.

Levels are given in the order of the rubric. In the published contest three of the five judges scored each
entry, and one judge is far stricter than the others: by the mean alone another entry would have won. Two
entries tie exactly, for every judge and after any correction of strictness: they exchange the levels of two
criteria of equal weight (see TIED). The tie lies below the first two prizes and both entries receive the
same prize.
"""

from __future__ import annotations

from contest.demo.content_rubrics import SHELTER_RUBRIC, WASTE_RUBRIC
from contest.demo.content_shapes import Award, Criterion, Flag, Recusal, Score, both

TIED = ("wakeru", "this-one-where")


def _scores(judge: str, rubric: tuple[Criterion, ...], *rows: tuple[str, str, str, str]) -> tuple[Score, ...]:
    """Rows of (entry, levels as digits with - for none, comment, note); a - makes the sheet a draft."""
    out = []
    for entry, digits, comment, note in rows:
        levels = {criterion.key: int(d) for criterion, d in zip(rubric, digits, strict=True) if d != "-"}
        out.append(Score(judge, entry, levels, comment, note, "draft" if "-" in digits else "submitted"))
    return tuple(out)


SHELTER_SCORES = (
    *_scores(
        "judge-aoki", SHELTER_RUBRIC,
        ("higher-ground", "4333", "高さを色で見せたことで、地図が苦手な人にも向かう先が分かります。川沿いの色の差をもう少し広げてください。", "地図型の中で最も完成度が高い。上位候補。"),
        ("one-word", "4422", "1語に絞る勇気に敬意を表します。次のことばが出るきっかけを、もう少し見えるようにしてください。", "高齢の方に試してもらいたい。職員の運用は要確認。"),
        ("lantern", "3433", "夜を前提にした数少ない作品です。3つの道の比較は、最初の1つだけ大きくするとさらに速く読めます。", "停電時の提案として唯一無二。"),
        ("twelve-signs", "3343", "記号をたし算のように読む発想がすばらしいです。12個を一度に覚えなくてよい順番も示してください。", "看板にも使える。危機管理課が欲しがるはず。"),
        ("shelter-desk", "3334", "受付の2問がよく考えられています。暗い体育館での見え方も確認してください。", "「支える人のために」部門の基準になる作品。"),
        ("takadai", "3332", "木札の並びは美しく、しかも速く読めます。横書きに慣れた人への案内があると安心です。", "美しさに引かれすぎないよう、明快さだけで採点した。"),
        ("seven-lines", "3423", "2キロバイトという約束が力強いです。声で聞いたときの順番がとくに優れています。", "絵記号がないため、読めない人には届かない。"),
        ("heron", "2233", "静かな日に歩くという提案に心を動かされました。警報が鳴ったときの画面を、もう1枚見たかったです。", "訓練賞にふさわしいかもしれない。"),
        ("ask-simply", "33--", "短い文がよく選ばれています。", "続きは木曜に。音声の部分を見直す。"),
    ),
    *_scores(
        "judge-bello", SHELTER_RUBRIC,
        ("higher-ground", "4434", "Stored lines for every crossing are the right answer to a dead network. Please show how a blocked street changes the line.", "My favourite so far."),
        ("one-word", "4432", "I put the phone on the floor and could still read it. The Japanese word below is a kind thought.", "City data hardly used; that may be its strength."),
        ("pocket-shelter", "3322", "The wallet is a clever home for this. Five colours carry much of the meaning; make the shapes differ more.", "Check with a colour-blind reader."),
        ("if-then-go", "3433", "Four questions for the whole rule is a real finding. The dashed line needs more weight on a small screen.", "Good for the kitchen wall, less for the street."),
        ("twelve-signs", "4343", "The testing shows. ‘Landslide’ was the only sign that I had to think about.", "Would buy the poster."),
        ("heron", "3232", "The walk on a quiet day could change a whole school. The alarm state is still a sketch.", "Lovely, but not in ten seconds."),
        ("seventy-two", "2333", "You are the only one who asked what can wait. The first screen should still begin with the first six minutes.", "Strong second product."),
        ("lantern", "34--", "Three ribbons, one decision. Very calm.", "Stopped here, go on with the list view."),
    ),
    *_scores(
        "judge-duarte", SHELTER_RUBRIC,
        ("one-word", "4323", "It is hard to do less, and you did. Show what happens when a person taps too early.", "Compare with Lantern for the night."),
        ("lantern", "3333", "The empty circle for a place not to go to is excellent. Serif titles are a little thin in the dark.", ""),
        ("ask-simply", "3243", "Sentences of eight words, and a card to show: this is made by someone who was there. Speech without a network needs proof.", "Best words of all entries."),
        ("twelve-signs", "3343", "Clear, tested, generous. Please add the state in which only one sign fits.", "Could win ‘everyone’."),
        ("higher-ground", "3333", "Height as colour is easy to learn. The two-language labels compete with each other on the home screen.", ""),
        ("shelter-desk", "2334", "A gift to the people at the gate. For a first-time volunteer the left menu holds two items too many.", "Judge in its own category."),
        ("pocket-shelter", "3---", "", "Only the first card so far."),
    ),
    *_scores(
        "judge-fujita", SHELTER_RUBRIC,
        ("higher-ground", "3433", "事前に計算した道を端末に置く考えは、市のデータで今すぐ実現できます。更新の手順も書いてください。", "データ担当として保証できる。"),
        ("if-then-go", "3433", "質問がデータになっている点を評価します。訓練のたびに直せる仕組みは、市にとって大きな助けです。", "保守のしやすさは最上位。"),
        ("takadai", "3322", "札の順番が距離と一致していて迷いません。英語の表示でも同じ速さで読めるかが課題です。", "標高データの使い方は正しい。"),
    ),
)  # fmt: skip

RECUSALS = (
    Recusal("judge-fujita", "shelter-desk", "professional", "昨年、同じ避難所の訓練を一緒に運営した人の作品だと気づきました。"),
)  # fmt: skip

FLAGS = (
    Flag("judge-aoki", "lantern", "discuss", "夜の場面で最も優れていると思いますが、ほかの審査員の意見を聞きたいです。", ""),
    Flag("judge-bello", "one-word", "identity", "The third screen shows a street sign with a family name. Is that the designer?", "It is the name of the street in the brief, so nobody is named. Please go on as you did."),
    Flag("judge-duarte", "twelve-signs", "discuss", "Not the best as an app, but the city should use these signs whatever wins.", ""),
)  # fmt: skip

WASTE_SCORES = (
    *_scores(
        "judge-mori", WASTE_RUBRIC,
        ("what-day", "5575", "朝の景色として曜日を覚える、という考えが画面の隅々まで通っています。絵の更新を続ける計画も具体的でした。", "迷わず1位。"),
        ("a-to-z", "5456", "412項目を1行ずつで言い切る編集の力に感心しました。挿絵がないことが、むしろ信頼を生んでいます。", "冊子はすぐ刷れる。"),
        ("wakeru", "3364", "短冊の姿が美しく、数えられる、という説明にうなずきました。迷う物の探し方が次の課題です。", "壁に貼りたい。"),
        ("this-one-where", "3346", "ピザの箱に2つの答えを出す誠実さがよいです。毎週使いたくなる理由を、もう1つ見つけてください。", "小さなモデルで足りるという説明は妥当。"),
        ("yellow-tuesday", "2244", "色で曜日を伝える強さは随一です。色の見分けにくい人のための手がかりを加えてください。", "検索がないのは思い切りすぎか。"),
    ),
    *_scores(
        "judge-grant", WASTE_RUBRIC,
        ("what-day", "7676", "I opened it every morning of the judging week, which says enough. The cat helps.", "First, by some distance."),
        ("nine-bins", "6576", "Matching instead of reading: exactly right. I would sew these on a bag.", "Second."),
        ("eight-oclock", "5655", "The ring made me see my own morning. A way to look up one doubtful thing would complete it.", ""),
        ("yellow-tuesday", "4345", "It is the loudest and the quickest to read. Colour needs a partner for those who do not see it.", "Lovely on the wall of a kitchen."),
    ),
    *_scores(
        "judge-holm", WASTE_RUBRIC,
        ("nine-bins", "7676", "One grid, one hand, no doubt. The sums of signs are a joy.", ""),
        ("a-to-z", "7567", "From thing to answer in four seconds, each time. Nearly keeps itself.", "Could be published this month."),
        ("wakeru", "5565", "It makes a rule feel like a season. I could not find the umbrella.", ""),
        ("this-one-where", "5556", "Feels like the neighbour it wants to be. The camera view is drawn with care.", "Feasible, I asked an engineer."),
        ("sort-swipe", "5454", "Quick, friendly and clear. After the game is learned, little is left to open it for.", ""),
    ),
    *_scores(
        "judge-bello", WASTE_RUBRIC,
        ("what-day", "7665", "The week became a street that I walk down. I would like to see what it says on a public holiday.", "First, but not by as much as the others think."),
        ("a-to-z", "7467", "I looked up eleven things from my own kitchen and found each of them. Nothing else did that.", "Close to first for me."),
        ("eight-oclock", "3756", "It knows when I leave the house. What it does not know is where the tin goes.", "Lovely habit, weak answer."),
        ("sort-swipe", "6354", "Four questions led me to the right bin each time. I would not open it twice.", "Better than it looks."),
        ("yellow-tuesday", "5455", "Nobody can miss it. For those who do not see the colour there is the word, and it is large.", "Underrated, I think."),
    ),
    *_scores(
        "judge-duarte", WASTE_RUBRIC,
        ("nine-bins", "7655", "One look, one bin. The three rare kinds deserve a place beside the nine.", "Second."),
        ("eight-oclock", "6546", "The ring is a good idea for a shelf by the door. The page around it could be calmer.", ""),
        ("wakeru", "6575", "It hangs there like a menu, and one reads it like one. It needs a way to the doubtful things.", "The one that I would hang up at home."),
        ("this-one-where", "6557", "The camera is the right tool for a person without the word. It will be easy to build.", ""),
        ("sort-swipe", "3454", "A game is over when it is won. The rules stay.", ""),
    ),
)  # fmt: skip

WASTE_AWARDS = (
    Award("what-day", "first", both(
        "{title} turns a table of days into a morning that one remembers. All three judges who scored it placed it first, each for another reason: because it is found without reading, because it is missed when it is away, and because two people can keep it alive.",
        "「{title}」は、曜日の表を、覚えていられる朝の景色に変えました。読まなくても分かること、ないと寂しくなること、2人で続けられること。採点した3人の審査員全員が、それぞれ違う理由で1位としました。")),
    Award("nine-bins", "second", both(
        "{title} replaces words by signs that are drawn with one hand and tested at six metres. Sorting becomes matching. The city would like to see them on every bag.",
        "「{title}」は、ことばを、1人の手で描き、6メートル先からの見え方を確かめた記号に置き換えました。分ける作業が、記号を合わせる作業に変わります。すべての袋に載せたい記号です。")),
    Award("a-to-z", "second", both(
        "{title} answers 412 questions in one line each. Nothing in it is for show, and it can be printed tomorrow.",
        "「{title}」は、412の問いに1行ずつで答えます。飾りは1つもなく、明日にも印刷できます。")),
    Award("eight-oclock", "mention", both(
        "{title} found out that most bags are not wrong but late, and designed for that. The jury learned something.",
        "「{title}」は、多くの袋が間違いではなく遅れであることを見つけ、その解決に取り組みました。審査員も教えられました。")),
    Award("wakeru", "mention", both(
        "{title} hangs the week on the wall like the menu of a small restaurant. The jury wishes to keep its calm.",
        "「{title}」は、1週間を食堂の品書きのように壁に掛けます。その静けさを大切にしたい作品です。")),
    Award("this-one-where", "mention", both(
        "{title} gives two answers where a thing has two parts, and says so when it does not know. The jury values this honesty.",
        "「{title}」は、2つの部分からなる物に2つの答えを出し、分からないときは分からないと言います。その誠実さを評価しました。")),
)  # fmt: skip
